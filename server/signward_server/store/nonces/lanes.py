"""The rows that lanes and floors are kept in, in SQL that SQLite and PostgreSQL share.

All is durable: neither a crash nor a loss of power lets a number be given twice.

Whoever changes or relies on a lane holds its row until the commit. A process reads the floors
after it has raised its horizon, in the same transaction: a number that a caller chose is either
above that horizon, and then read with the next raise, or refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine, delete, func, insert, select, text, update

from signward_server.core.ports import Clock
from signward_server.store.backend import Backend
from signward_server.store.driver import DriverSession, DriverStatement
from signward_server.store.failures import unavailable
from signward_server.store.nonces.numbering import Held
from signward_server.store.nonces.skipping import SKIP_MS
from signward_server.store.nonces.steady_time import Witness
from signward_server.store.schema import meta, nonce_floors, nonce_lanes
from signward_server.store.writing import Writing

__all__ = ["FLOORS_BACK_MS", "Floors", "LaneLost", "LaneRow", "Lanes", "Raised"]

FLOORS_BACK_MS: Final = 5_000
"""Floors that lie further back than this are below whatever is given now."""

_Result = TypeVar("_Result")
_COUNT: Final = "nonce_lanes"
_ADOPTED: Final = "adopted"
_SET_COUNT = text(
    "INSERT INTO meta (name, value) VALUES ('nonce_lanes', :value)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
_RAISE_FLOOR = text(
    "INSERT INTO nonce_floors (signer, floor) VALUES (:signer, :floor)"
    " ON CONFLICT (signer) DO UPDATE SET floor = excluded.floor"
    " WHERE nonce_floors.floor < excluded.floor RETURNING floor"
)

Floors = Sequence[tuple[bytes, int]]
"""Signers, and the highest number that a caller chose for each."""


class LaneLost(Exception):  # noqa: N818 -- what happened
    """Another process has the lane by now, or lanes are counted differently."""


@dataclass(frozen=True, slots=True)
class LaneRow:
    """A row of ``nonce_lanes``; the holder is empty where nobody is."""

    lane: int
    holder: str
    horizon: int


@dataclass(frozen=True, slots=True)
class Raised:
    """A lane whose horizon was raised, and what was found then.

    Attributes:
        held: The lane.
        floors: Those that may lie ahead.
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
            counted = _counted(connection)
            if not counted or (insist and counted != lanes):
                _make(connection, lanes)
            return _rows(connection)

        return self._transaction(look)

    def seize(self, row: LaneRow, lanes: int, holder: str, horizon: int, now: int) -> Raised:
        """Become the holder of a lane.

        Args:
            row: As it was surveyed.
            lanes: How many there are.
            holder: Who.
            horizon: Up to where this process gives numbers, above ``row.horizon``.
            now: Milliseconds since the epoch.

        Raises:
            LaneLost: Somebody else was quicker.
        """
        held = Held(row.lane, lanes, row.holder, row.horizon, row.horizon)
        return self._raise(held, holder, horizon, now)

    def lift(self, held: Held, horizon: int, now: int) -> Raised:
        """Raise the horizon of a lane; see ``seize``."""
        return self._raise(held, held.holder, horizon, now)

    def release(self, held: Held, highest: int) -> None:
        """Leave a lane to whoever comes next, who goes on above ``highest``."""
        self._transaction(lambda connection: _swap(connection, held, "", highest))

    def choose(self, held: Held, signer: bytes, number: int) -> int:
        """Have a number that a caller chose be that signer's, durably.

        The number of the own lane must be above the signer's last one; of another lane it is
        checked here.

        Returns:
            0, or what it must be above to be possible.

        Raises:
            LaneLost: The lane is not the holder's any more.
        """
        return self._transaction(lambda connection: _choose(connection, held, signer, number))

    def close(self) -> None:
        """Let go of the database."""
        self._session.close()

    def _raise(self, held: Held, holder: str, horizon: int, now: int) -> Raised:
        def swap(connection: Connection) -> Raised:
            if not _swap(connection, held, holder, horizon) or _counted(connection) != held.lanes:
                raise LaneLost
            rows = connection.execute(
                select(nonce_floors).where(nonce_floors.c.floor > now - FLOORS_BACK_MS)
            )
            floors = [(bytes(row.signer), int(row.floor)) for row in rows]
            return Raised(replace(held, holder=holder, horizon=horizon), floors)

        return self._transaction(swap)

    def _transaction(self, work: Callable[[Connection], _Result]) -> _Result:
        with self._writing, unavailable(), self._durable.begin() as connection:
            return work(connection)


def _counted(connection: Connection) -> int:
    """Return how many lanes there are, 0 where that was never said."""
    return int(connection.scalar(select(meta.c.value).where(meta.c.name == _COUNT)) or 0)


def _rows(connection: Connection) -> list[LaneRow]:
    found = connection.execute(select(nonce_lanes).order_by(nonce_lanes.c.horizon))
    return [LaneRow(int(row.lane), str(row.holder), int(row.horizon)) for row in found]


def _make(connection: Connection, lanes: int) -> None:
    connection.execute(_SET_COUNT, {"value": str(lanes)})
    horizons = connection.scalars(select(nonce_lanes.c.horizon).with_for_update())
    adopted = connection.scalar(select(meta.c.value).where(meta.c.name == _ADOPTED))
    skipped = 0 if adopted is None else int(adopted) // 1000 + SKIP_MS
    horizon = max([skipped, *horizons])
    connection.execute(delete(nonce_lanes))
    rows = [{"lane": lane, "holder": "", "horizon": horizon} for lane in range(lanes)]
    connection.execute(insert(nonce_lanes), rows)


def _swap(connection: Connection, held: Held, holder: str, horizon: int) -> bool:
    """Give a lane a holder and a horizon if it has those that are known; return whether it had."""
    row = nonce_lanes.c
    known = (row.lane == held.lane, row.holder == held.holder, row.horizon == held.horizon)
    changed = update(nonce_lanes).where(*known).values(holder=holder, horizon=horizon)
    return connection.execute(changed).rowcount == 1


def _choose(connection: Connection, held: Held, signer: bytes, number: int) -> int:
    wanted = select(nonce_lanes).where(nonce_lanes.c.lane == number % held.lanes)
    row = connection.execute(wanted.with_for_update()).one_or_none()
    own = number % held.lanes == held.lane
    if row is None or _counted(connection) != held.lanes or (own and row.holder != held.holder):
        raise LaneLost
    if own or number > row.horizon:
        raised = connection.execute(_RAISE_FLOOR, {"signer": signer, "floor": number}).scalar()
        if raised is not None:
            return 0
    return _least(connection, held, signer)


def _least(connection: Connection, held: Held, signer: bytes) -> int:
    """Return above what a number is possible, whatever lane it is of."""
    mine = nonce_floors.c.signer == signer
    floor = connection.scalar(select(nonce_floors.c.floor).where(mine)) or 0
    horizon = connection.scalar(select(func.max(nonce_lanes.c.horizon))) or 0
    return int(floor) if held.lanes == 1 else max(int(floor), int(horizon))
