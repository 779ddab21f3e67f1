"""Skips nonces ahead when a home is adopted: what others gave meanwhile is not known (S41)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, or_, update

from signward_server.store.nonces.floors import lift_floors
from signward_server.store.schema import nonce_floors, nonce_lanes

__all__ = ["SKIP_MS", "skip_ahead"]

SKIP_MS: Final = 6_000
"""How far above now nonces go on: as far as any was given, and a second more."""

_DAY_MS: Final = 24 * 3600 * 1000


def skip_ahead(connection: Connection, now: int) -> None:
    """Have all lanes go on above what can have been given until now.

    What lies more than a day ahead was given by a wrong clock and taken by no exchange, which
    takes nothing so far ahead; it does not count any more.

    Args:
        connection: In a transaction.
        now: Milliseconds since the epoch.
    """
    horizon, floor, least = nonce_lanes.c.horizon, nonce_floors.c.floor, now + SKIP_MS
    elsewhere = or_(horizon < least, horizon > now + _DAY_MS)
    connection.execute(update(nonce_lanes).where(elsewhere).values(holder="", horizon=least))
    connection.execute(update(nonce_floors).where(floor > now + _DAY_MS).values(floor=least))
    lift_floors(connection, least)
