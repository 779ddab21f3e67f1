"""What the daemon does by itself when its time comes, and whose turn that is."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["KeyDates", "Residue", "Step", "TimeFloor", "Timetable", "Turn"]


class Step(enum.StrEnum):
    """What time brings to a version."""

    RETIREMENT = "retirement"
    """Its grace ends."""
    DESTRUCTION = "destruction"
    """The wait before its planned destruction ends."""
    ROTATION = "rotation"
    """It is primary and has reached the age at which its key is rotated."""


@dataclass(frozen=True, slots=True)
class KeyDates:
    """When time brings something to a key next.

    Attributes:
        key_id: The key.
        dates: Seconds since the epoch for each step that lies ahead, or is due; empty if
            nothing is.
    """

    key_id: str
    dates: Mapping[Step, float] = field(default_factory=dict)


class Turn(Protocol):
    """Whose turn it is to do what only one process does, however many run."""

    def held(self) -> bool:
        """Return whether it is this one's, taking the turn if it is nobody's.

        It ends when the process does, however that happens.

        Raises:
            StoreUnavailable: Nobody can tell now.
        """
        ...


class Timetable(Protocol):
    """When time brings something to keys, as the store has it. For one thread."""

    def news(self) -> Iterable[KeyDates]:
        """Return the dates of the keys that have changed since this was asked last.

        The first time, and the first one after ``restart``, those of all keys that have any.

        Raises:
            StoreUnavailable: The store cannot be read now.
        """
        ...

    def restart(self) -> None:
        """Begin anew."""
        ...


class TimeFloor(Protocol):
    """The time below which no process may fall again; never lowered (S13).

    In whole microseconds, the nearest ones.
    """

    def read(self) -> float:
        """Return it in seconds since the epoch; 0 if none was ever stored.

        Raises:
            StoreUnavailable: It cannot be read, or is none.
        """
        ...

    def lift(self, time: float) -> None:
        """Store it if it is later than what is stored.

        Raises:
            StoreUnavailable: It cannot be stored now.
        """
        ...


class Residue(Protocol):
    """What is left in the files of a store of what was deleted in it."""

    def wipe(self) -> bool:
        """Overwrite it where the store can; return whether there is nothing left to do.

        Raises:
            StoreUnavailable: It cannot be done now.
        """
        ...
