"""What supervisor and workers tell each other: JSON objects, strict in both directions."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from signward_server.core.ports import Reloaded, ReloadPart
from signward_server.supervisor.frames import BadFrameError, frame
from signward_server.telemetry.families import Family, Packed

__all__ = [
    "UNASKED",
    "CountNow",
    "Counted",
    "FromSupervisor",
    "FromWorker",
    "Leave",
    "Outcome",
    "Pulse",
    "Ready",
    "Reload",
    "ReloadAll",
    "ReloadedAll",
    "ReloadedHere",
    "encoded",
    "from_supervisor",
    "from_worker",
]

UNASKED: Final = 0
"""In place of a question's number: what a worker that ends tells by itself."""


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Outcome(_Message):
    """What is in force of a part in a worker after a reload; see ``core.ports.Reloaded``."""

    part: ReloadPart
    version: str
    changed: bool
    problem: str

    @classmethod
    def of(cls, result: Reloaded) -> Outcome:
        """Return a result as it is sent."""
        return cls(
            part=result.part,
            version=result.version,
            changed=result.changed,
            problem=result.problem,
        )

    def result(self) -> Reloaded:
        """Return it as the daemon knows it."""
        return Reloaded(self.part, self.version, changed=self.changed, problem=self.problem)


class Ready(_Message):
    """A worker serves."""

    kind: Literal["ready"] = "ready"


class Pulse(_Message):
    """How a worker is; comes several times a second from when it serves."""

    kind: Literal["pulse"] = "pulse"
    live: bool
    ready: bool


class Counted(_Message):
    """The metrics of a worker."""

    kind: Literal["counted"] = "counted"
    asked: int
    families: tuple[Packed, ...]

    def unpacked(self) -> tuple[Family, ...]:
        """Return the metrics."""
        return tuple(Family(*packed) for packed in self.families)


class ReloadAll(_Message):
    """A worker has read parts again, and asks that all others do; none named: all parts."""

    kind: Literal["reload_all"] = "reload_all"
    asked: int
    parts: tuple[ReloadPart, ...]


class ReloadedHere(_Message):
    """What has become of a ``Reload``."""

    kind: Literal["reloaded"] = "reloaded"
    asked: int
    outcomes: tuple[Outcome, ...]


class CountNow(_Message):
    """The supervisor asks for metrics."""

    kind: Literal["count"] = "count"
    asked: int


class Reload(_Message):
    """The supervisor has a worker read parts again; none named: all parts."""

    kind: Literal["reload"] = "reload"
    asked: int
    parts: tuple[ReloadPart, ...]


class ReloadedAll(_Message):
    """What has become of a ``ReloadAll``, by worker; without outcomes if one did not answer."""

    kind: Literal["reloaded_all"] = "reloaded_all"
    asked: int
    workers: dict[int, tuple[Outcome, ...]]


class Leave(_Message):
    """The supervisor has a worker end while others go on: no call of its callers fails."""

    kind: Literal["leave"] = "leave"


FromWorker: TypeAlias = Ready | Pulse | Counted | ReloadAll | ReloadedHere
FromSupervisor: TypeAlias = CountNow | Reload | ReloadedAll | Leave

_from_worker: TypeAdapter[FromWorker] = TypeAdapter(
    Annotated[FromWorker, Field(discriminator="kind")]
)
_from_supervisor: TypeAdapter[FromSupervisor] = TypeAdapter(
    Annotated[FromSupervisor, Field(discriminator="kind")]
)


def encoded(message: FromWorker | FromSupervisor) -> bytes:
    """Return a message as it is sent."""
    return frame(message.model_dump_json().encode())


def from_worker(content: bytes) -> FromWorker:
    """Return what a worker says.

    Raises:
        BadFrameError: It is nothing that a worker may say.
    """
    try:
        return _from_worker.validate_json(content)
    except ValidationError as exc:
        raise BadFrameError("the message is none of a worker's") from exc


def from_supervisor(content: bytes) -> FromSupervisor:
    """Return what the supervisor says.

    Raises:
        BadFrameError: It is nothing that a supervisor may say.
    """
    try:
        return _from_supervisor.validate_json(content)
    except ValidationError as exc:
        raise BadFrameError("the message is none of a supervisor's") from exc
