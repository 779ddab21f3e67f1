"""Floors: numbers that signers whose callers choose have reached; within a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from sqlalchemy import Connection, delete, select, text, update

from signward_server.store.schema import nonce_floors

__all__ = [
    "Floors",
    "add_floor",
    "drop_floors",
    "floor_of",
    "floors",
    "lift_floors",
    "next_above",
    "raise_floor",
]

Floors: TypeAlias = Sequence[tuple[bytes, int]]
"""Signers, and the highest number that is taken of each."""

_RAISE = text(
    "INSERT INTO nonce_floors (signer, floor) VALUES (:signer, :floor)"
    " ON CONFLICT (signer) DO UPDATE SET floor = excluded.floor"
    " WHERE nonce_floors.floor < excluded.floor RETURNING floor"
)
_ADD = text(
    "INSERT INTO nonce_floors (signer, floor) VALUES (:signer, :floor)"
    " ON CONFLICT (signer) DO NOTHING"
)
_NEXT = text(
    "UPDATE nonce_floors SET floor = CASE WHEN floor < :now THEN :now ELSE floor + 1 END"
    " WHERE signer = :signer AND floor < :most RETURNING floor"
)


def floors(connection: Connection) -> Floors:
    """Return all of them."""
    rows = connection.execute(select(nonce_floors))
    return [(bytes(row.signer), int(row.floor)) for row in rows]


def floor_of(connection: Connection, signer: bytes, *, firmly: bool = False) -> int | None:
    """Return that of a signer, ``None`` if it has none.

    Args:
        connection: In a transaction.
        signer: Whose.
        firmly: Whether nobody may raise or drop it until the commit.
    """
    asked = select(nonce_floors.c.floor).where(nonce_floors.c.signer == signer)
    found = connection.scalar(asked.with_for_update() if firmly else asked)
    return None if found is None else int(found)


def raise_floor(connection: Connection, signer: bytes, floor: int) -> bool:
    """Raise a signer's floor if it is below that; return whether it was."""
    return connection.execute(_RAISE, {"signer": signer, "floor": floor}).scalar() is not None


def add_floor(connection: Connection, signer: bytes, floor: int) -> None:
    """Give a signer a floor if it has none."""
    connection.execute(_ADD, {"signer": signer, "floor": floor})


def next_above(connection: Connection, signer: bytes, now: int, most: int) -> int:
    """Take a signer's next number: now, or the one above its floor; 0 beyond ``most``."""
    wanted = {"signer": signer, "now": now, "most": most}
    return int(connection.execute(_NEXT, wanted).scalar() or 0)


def drop_floors(connection: Connection, least: int) -> None:
    """Forget those that are below; one that is raised at this moment stays."""
    connection.execute(delete(nonce_floors).where(nonce_floors.c.floor < least))


def lift_floors(connection: Connection, least: int) -> None:
    """Have all of them be at least that high."""
    below = nonce_floors.c.floor < least
    connection.execute(update(nonce_floors).where(below).values(floor=least))
