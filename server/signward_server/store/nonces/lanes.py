"""What the store keeps of nonces: lanes with their horizons, and floors.

All is durable: neither a crash nor a loss of power lets a number be given twice. Locks are taken
in one order: how many lanes there are, lanes, floors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine

from signward_server.core.ports import Clock
from signward_server.store.backend import Backend
from signward_server.store.driver import DriverSession, DriverStatement
from signward_server.store.failures import unavailable
from signward_server.store.nonces.floors import (
    Floors,
    add_floor,
    drop_floors,
    floor_of,
    floors,
    next_above,
    raise_floor,
)
from signward_server.store.nonces.lane_rows import (
    LaneRow,
    counted,
    highest_horizon,
    is_held,
    make,
    rows,
    swap,
)
from signward_server.store.nonces.numbering import Held, TooFarAhead
from signward_server.store.nonces.trusted_time import Witness
from signward_server.store.writing import Writing

__all__ = ["LaneLost", "Lanes", "Raised"]

_IDLE_MS: Final = 49 * 3_600_000  # what is below is too old for the exchange, and for callers

_Result = TypeVar("_Result")


class LaneLost(Exception):  # noqa: N818 -- what happened
    """Another process has the lane by now, or lanes are counted differently."""


@dataclass(frozen=True, slots=True)
class Raised:
    """A lane whose horizon was raised, and the floors as they were after that.

    A signer that gets its first floor later gets one above this horizon.
    """

    held: Held
    floors: Floors


class Lanes:
    """The statements; each method is a transaction.

    Every method raises ``StoreUnavailable`` where the store cannot be written now.

    Args:
        backend: The database.
        writing: Lock of what writes to it.
        clock: Times the question for the server's clock.
    """

    def __init__(self, backend: Backend, writing: Writing, clock: Clock) -> None:
        self._durable: Engine = backend.durable
        self._writing = writing
        self._clock = clock
        self._session = DriverSession(backend.probing)
        self._time = (
            None if backend.time is None else DriverStatement(backend.probing, backend.time)
        )

    def witness(self) -> Witness | None:
        """Return what the server's clock shows, ``None`` where it is the machine's own."""
        if self._time is None:
            return None
        self._session.first(self._time, {})  # a connection that has to be made takes its time
        before = self._clock.monotonic()
        row = self._session.first(self._time, {})
        after = self._clock.monotonic()
        return Witness(before, float(row[0]), after) if row is not None else None

    def survey(self, lanes: int, *, insist: bool) -> Sequence[LaneRow]:
        """Return all lanes, the one with the lowest horizon first.

        They are made where there are none: above all that was given, so that whoever holds one
        of the old ones does no harm.

        Args:
            lanes: How many there are to be.
            insist: Whether they are made anew where there are more or fewer.
        """

        def look(connection: Connection) -> Sequence[LaneRow]:
            known = counted(connection)
            if not known or (insist and known != lanes):
                make(connection, lanes)
            return rows(connection)

        return self._transaction(look)

    def seize(self, row: LaneRow, lanes: int, holder: str, horizon: int) -> Raised:
        """Become the holder of a lane.

        Args:
            row: As it was surveyed.
            lanes: How many there are.
            holder: Who.
            horizon: Up to where this process gives numbers, above ``row.horizon``.

        Raises:
            LaneLost: Somebody else was quicker.
        """
        held = Held(row.lane, lanes, row.holder, row.horizon, row.horizon)
        return self._raise(held, holder, horizon)

    def lift(self, held: Held, horizon: int) -> Raised:
        """Raise the horizon of a lane; see ``seize``."""
        return self._raise(held, held.holder, horizon)

    def release(self, held: Held, highest: int) -> None:
        """Leave a lane to whoever comes next, who goes on above ``highest``."""
        self._transaction(lambda connection: swap(connection, held, "", highest))

    def claim_alone(self, held: Held, signer: bytes, number: int) -> int:
        """Raise a floor to a number that is above all that the only holder has given.

        Returns:
            0, or the floor if it is not below that.

        Raises:
            LaneLost: The lane is not the holder's any more.
        """

        def claim(connection: Connection) -> int:
            if not is_held(connection, held):
                raise LaneLost
            raised = raise_floor(connection, signer, number)
            return 0 if raised else floor_of(connection, signer) or 0

        return self._transaction(claim)

    def claim(self, held: Held, signer: bytes, number: int) -> int:
        """Raise a floor to a number; a signer without one gets one above all horizons first.

        Returns:
            0, or the floor if it is not below that.

        Raises:
            LaneLost: Lanes are counted differently.
        """

        def claim(connection: Connection) -> int:
            _ensure_count(connection, held)
            floor = floor_of(connection, signer, firmly=True)
            if floor is None:
                add_floor(connection, signer, highest_horizon(connection))
            if raise_floor(connection, signer, number):
                return 0
            return floor_of(connection, signer) or 0

        return self._transaction(claim)

    def next_above(self, held: Held, signer: bytes, now: int, most: int) -> int:
        """Take the next number of a signer that has a floor: now, or the one above that.

        Args:
            held: The lane of the process.
            signer: Whose number.
            now: Milliseconds since the epoch.
            most: Which the number is not above.

        Raises:
            LaneLost: Lanes are counted differently, or the signer has no floor any more.
            TooFarAhead: The next one is above ``most``.
        """

        def take(connection: Connection) -> int:
            _ensure_count(connection, held)
            number = next_above(connection, signer, now, most)
            if number:
                return number
            floor = floor_of(connection, signer)
            if floor is None:
                raise LaneLost
            raise TooFarAhead(floor + 1 - most)

        return self._transaction(take)

    def close(self) -> None:
        """Let go of the database."""
        self._session.close()

    def _raise(self, held: Held, holder: str, horizon: int) -> Raised:
        def lift(connection: Connection) -> Raised:
            if not swap(connection, held, holder, horizon):
                raise LaneLost
            if counted(connection) != held.lanes:
                raise LaneLost
            found = floors(connection)
            if any(floor < horizon - _IDLE_MS for _, floor in found):
                drop_floors(connection, horizon - _IDLE_MS)
                found = floors(connection)
            return Raised(replace(held, holder=holder, horizon=horizon), found)

        return self._transaction(lift)

    def _transaction(self, work: Callable[[Connection], _Result]) -> _Result:
        with self._writing, unavailable(), self._durable.begin() as connection:
            return work(connection)


def _ensure_count(connection: Connection, held: Held) -> None:
    if counted(connection, firmly=True) != held.lanes:
        raise LaneLost
