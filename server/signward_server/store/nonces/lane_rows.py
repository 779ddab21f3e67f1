"""The rows of lanes, within a transaction; in SQL that SQLite and PostgreSQL share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from signward_server.store.meta_values import ADOPTED, set_value, value_of
from signward_server.store.nonces.floors import lift_floors
from signward_server.store.nonces.numbering import Held
from signward_server.store.nonces.skipping import SKIP_MS
from signward_server.store.schema import meta, nonce_lanes

__all__ = ["LaneRow", "counted", "highest_horizon", "is_held", "make", "rows", "swap"]

_COUNT: Final = "nonce_lanes"


@dataclass(frozen=True, slots=True)
class LaneRow:
    """A row of ``nonce_lanes``; the holder is empty where nobody is."""

    lane: int
    holder: str
    horizon: int


def counted(connection: Connection, *, firmly: bool = False) -> int:
    """Return how many lanes there are, 0 where that was never said.

    Args:
        connection: In a transaction.
        firmly: Whether nobody may change it until the commit.
    """
    asked = select(meta.c.value).where(meta.c.name == _COUNT)
    return int(connection.scalar(asked.with_for_update(read=True) if firmly else asked) or 0)


def rows(connection: Connection) -> list[LaneRow]:
    """Return all lanes, the one with the lowest horizon first."""
    found = connection.execute(select(nonce_lanes).order_by(nonce_lanes.c.horizon))
    return [LaneRow(int(row.lane), str(row.holder), int(row.horizon)) for row in found]


def highest_horizon(connection: Connection) -> int:
    """Return the highest horizon; none is raised until the commit."""
    asked = select(nonce_lanes.c.horizon).order_by(nonce_lanes.c.lane).with_for_update()
    return max(connection.scalars(asked), default=0)


def make(connection: Connection, lanes: int) -> None:
    """Make lanes anew, above all that was given by those that there were."""
    set_value(connection, _COUNT, str(lanes))
    adopted = value_of(connection, ADOPTED)
    skipped = 0 if adopted is None else int(adopted) // 1000 + SKIP_MS
    horizon = max(skipped, highest_horizon(connection))
    connection.execute(delete(nonce_lanes))
    made = [{"lane": lane, "holder": "", "horizon": horizon} for lane in range(lanes)]
    connection.execute(insert(nonce_lanes), made)
    lift_floors(connection, horizon)


def swap(connection: Connection, held: Held, holder: str, horizon: int) -> bool:
    """Give a lane a holder and a horizon if it has those that are known; return whether it had."""
    row = nonce_lanes.c
    known = (row.lane == held.lane, row.holder == held.holder, row.horizon == held.horizon)
    changed = update(nonce_lanes).where(*known).values(holder=holder, horizon=horizon)
    return connection.execute(changed).rowcount == 1


def is_held(connection: Connection, held: Held) -> bool:
    """Return whether a lane is still its holder's; it is until the commit."""
    wanted = select(nonce_lanes.c.holder).where(nonce_lanes.c.lane == held.lane)
    return connection.scalar(wanted.with_for_update()) == held.holder
