"""What a database must offer, so that a store can be opened on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sqlalchemy import Engine, TextClause

from signward_server.core.ports import Turn

__all__ = ["Backend", "BackendTurn", "News"]


class News(Protocol):
    """Tells that somebody may have changed something; runs until it is closed."""

    def close(self) -> None:
        """Stop, and wait for the end."""
        ...


class BackendTurn(Turn, Protocol):
    """A turn that can be left to others."""

    def close(self) -> None:
        """Leave it."""
        ...


class Backend(Protocol):
    """One database.

    Attributes:
        place: How messages call it; nothing in it is secret.
        durable: Engine whose commits outlive the machine. Its transactions see what was
            committed before each of their statements, or keep everybody else from writing.
        swift: Engine whose statements are transactions of their own; they outlive the
            process, but not a failure of the machine that comes at once.
        probing: As ``swift``; it hardly waits.
        snapshots: Engine whose transactions read everything as it was at one moment.
        migrating: Engine whose transactions may take long, one at a time.
        one_writer: Whether whoever writes keeps everybody else from writing.
        announce: Tells others of a change, within its transaction; ``None`` if nobody listens.
        picked: What follows a query of rows to delete, so that nobody waits for another's.
        firm: As ``swift``, but what it commits outlives the machine.
        time: Asks for its clock, in seconds since the epoch; ``None`` if that is this machine's.
    """

    place: str
    durable: Engine
    swift: Engine
    probing: Engine
    snapshots: Engine
    migrating: Engine
    one_writer: bool
    announce: TextClause | None
    picked: str
    firm: Engine
    time: TextClause | None

    def prepare(self) -> None:
        """Make sure that this is a database of ours, or becomes one.

        Raises:
            StoreFileError: It is not, or cannot be used.
        """
        ...

    def lineage(self) -> object:
        """Return what is the same as long as one history of changes goes on.

        Raises:
            StoreUnavailable: The database that was opened is not there any more.
        """
        ...

    def news(self, heard: Callable[[], None]) -> News:
        """Call this soon after somebody changed something, from a thread of its own."""
        ...

    def turn(self) -> BackendTurn:
        """Return what says whose turn it is, among the processes that share the database."""
        ...

    def wipe(self) -> bool:
        """See ``core.ports.Residue.wipe``.

        Raises:
            sqlalchemy.exc.DBAPIError: It cannot be done now.
        """
        ...

    def close(self) -> None:
        """Give every connection back."""
        ...
