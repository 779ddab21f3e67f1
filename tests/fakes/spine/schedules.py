"""What the schedules look at, in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from signward_server.core.errors import SignwardError
from signward_server.core.keys import Freeze, Key, KeyState, VersionState
from signward_server.core.ports import KeyDates, Step

from tests.fakes.spine.catalogue import FakeCatalogue

__all__ = ["FakeFloor", "FakeResidue", "FakeTimetable", "FakeTurn"]


class FakeTimetable:
    """Implements ``core.ports.Timetable`` over a fake catalogue.

    Attributes:
        failure: What asking raises.
    """

    def __init__(self, catalogue: FakeCatalogue) -> None:
        self.failure: SignwardError | None = None
        self._catalogue = catalogue
        self._seen: dict[str, int] = {}

    def news(self) -> list[KeyDates]:
        if self.failure is not None:
            raise self.failure
        keys = self._catalogue.page("", 1_000_000)
        news = [_dates(key) for key in keys if self._seen.get(key.id) != key.revision]
        self._seen = {key.id: key.revision for key in keys}
        return news

    def restart(self) -> None:
        self._seen.clear()


def _dates(key: Key) -> KeyDates:
    dates: dict[Step, float] = {}
    for step, date in _all_dates(key):
        if date is not None:
            dates[step] = min(date.timestamp(), dates.get(step, date.timestamp()))
    return KeyDates(key.id, dates)


def _all_dates(key: Key) -> Iterator[tuple[Step, datetime | None]]:
    rotates = key.rotation_period > timedelta(0) and key.freeze is Freeze.NONE
    for version in key.versions:
        if version.state is VersionState.GRACE:
            yield Step.RETIREMENT, version.grace_end_time
        elif version.state is VersionState.DESTROY_SCHEDULED:
            yield Step.DESTRUCTION, version.destroy_time
        elif version.state is VersionState.PRIMARY and rotates and key.state is KeyState.ENABLED:
            yield Step.ROTATION, version.create_time + key.rotation_period


@dataclass
class FakeFloor:
    """Implements ``core.ports.TimeFloor``; it outlives whoever uses it."""

    time: float = 0.0
    failure: SignwardError | None = None
    lifted: int = 0

    def read(self) -> float:
        if self.failure is not None:
            raise self.failure
        return self.time

    def lift(self, time: float) -> None:
        if self.failure is not None:
            raise self.failure
        self.lifted += 1
        self.time = max(self.time, round(time * 1e6) / 1e6)  # whole microseconds, as a store


@dataclass
class FakeTurn:
    """Implements ``core.ports.Turn``."""

    is_held: bool = True

    def held(self) -> bool:
        return self.is_held


@dataclass
class FakeResidue:
    """Implements ``core.ports.Residue``.

    Attributes:
        wiped: How often it was asked.
        answers: What is answered next; ``True`` when there are none.
    """

    wiped: int = 0
    answers: list[bool] = field(default_factory=list)

    def wipe(self) -> bool:
        self.wiped += 1
        return self.answers.pop(0) if self.answers else True
