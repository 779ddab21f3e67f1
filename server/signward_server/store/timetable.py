"""When time brings something to keys, read from their rows.

The rows are not authenticated here: they say where to look, and the key itself, whose MAC was
checked, says what is due.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Engine, bindparam, case, func, select
from sqlalchemy.sql.elements import ColumnElement

from signward_server.core.keys import Freeze, KeyState, Purpose, VersionState
from signward_server.core.ports import KeyDates, Step
from signward_server.store.failures import unavailable
from signward_server.store.schema import key_versions, keys
from signward_server.store.version import StoreVersion

__all__ = ["StoredTimetable"]

_SECOND: Final = 1_000_000
_NEVER: Final = -1


def _in_state(state: VersionState) -> ColumnElement[bool]:
    return key_versions.c.state == int(state)


# A grace without an end has ended: the daemon refuses it (``core.version_life``).
_RETIRES = func.min(
    case((_in_state(VersionState.GRACE), func.coalesce(key_versions.c.grace_end_time, 0)))
)
_DESTROYED = func.min(
    case((_in_state(VersionState.DESTROY_SCHEDULED), key_versions.c.destroy_time))
)
_ROTATES = func.min(
    case(
        (
            (keys.c.rotation_period > 0)
            & (keys.c.state == int(KeyState.ENABLED))
            & (keys.c.freeze == int(Freeze.NONE))
            & keys.c.purpose.in_([int(Purpose.RAW), int(Purpose.ORDER)])
            & (key_versions.c.version == keys.c.primary_version)
            & _in_state(VersionState.PRIMARY),
            key_versions.c.create_time + keys.c.rotation_period,
        )
    )
)
_DATES: Final = (
    select(keys.c.id, _RETIRES, _DESTROYED, _ROTATES)
    .join(key_versions, key_versions.c.key_id == keys.c.id)
    .where(key_versions.c.forgotten == 0)
    .group_by(keys.c.id)
)
_WITH_DATES: Final = _DATES.where(
    (keys.c.rotation_period > 0)
    | _in_state(VersionState.GRACE)
    | _in_state(VersionState.DESTROY_SCHEDULED)
)
# By the index of that column: the planner would go through all keys in order of id instead.
_SINCE: Final = select(keys.c.id).where(keys.c.changed > bindparam("since"))
_CHANGED: Final = _DATES.where(keys.c.id.in_(_SINCE))
_STEPS: Final = (Step.RETIREMENT, Step.DESTRUCTION, Step.ROTATION)


class StoredTimetable:
    """Implements ``core.ports.Timetable``.

    As long as nothing changes, being asked costs one look at the store's version.

    Args:
        swift: Engine that reads.
        version: Counts changes.
    """

    def __init__(self, swift: Engine, version: StoreVersion) -> None:
        self._swift = swift
        self._version = version
        self._known = _NEVER

    def news(self) -> Iterable[KeyDates]:
        """See ``core.ports.Timetable.news``."""
        stored = self._version.stored()  # first: what changes meanwhile is news once more
        if stored == self._known:
            return []
        with unavailable(), self._swift.connect() as connection:
            if self._known == _NEVER:
                rows = connection.execute(_WITH_DATES).all()
            else:
                rows = connection.execute(_CHANGED, {"since": self._known}).all()
        self._known = stored
        return [_dates(*row) for row in rows]

    def restart(self) -> None:
        """See ``core.ports.Timetable.restart``."""
        self._known = _NEVER


def _dates(key_id: str, *times: int | None) -> KeyDates:
    dated: Sequence[tuple[Step, int | None]] = list(zip(_STEPS, times, strict=True))
    return KeyDates(key_id, {step: time / _SECOND for step, time in dated if isinstance(time, int)})
