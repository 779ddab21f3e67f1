"""Takes the rows of spending from one KEK to another (S22)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, bindparam, text

from signward_server.core.ports import RowAuthenticator
from signward_server.store.batch import Batch, in_batches, rows_of
from signward_server.store.rekeying import Rekeying
from signward_server.store.schema import as_stored, spending
from signward_server.store.spending.rows import AuthenticRings

__all__ = ["move_spending"]

_AFTER: Any = bindparam("after")
_LIMIT: Any = bindparam("most")
_ROWS = (
    as_stored(spending).where(spending.c.scope > _AFTER).order_by(spending.c.scope).limit(_LIMIT)
)
_SET = text("UPDATE spending SET spent = :spent, mac = :mac WHERE scope = :scope")


def move_spending(
    rekeying: Rekeying, old: RowAuthenticator, new: RowAuthenticator
) -> Iterator[Batch]:
    """Move all rows, a batch for each step; what is not as it was written is left.

    Args:
        rekeying: Runs transactions.
        old: Checks the MACs of rows that have not been moved.
        new: Makes and checks those of rows that have.

    Raises:
        StoreUnavailable: The store cannot be written.
    """
    move = partial(_move, old=AuthenticRings(old), new=AuthenticRings(new))
    return in_batches(rekeying, rows_of(_ROWS), move, b"")


def _move(
    connection: Connection, rows: Sequence[Any], *, old: AuthenticRings, new: AuthenticRings
) -> Batch:
    batch = Batch()
    moved = []
    for scope, spent, mac in rows:
        if new.ring(scope, spent, mac) is not None:
            continue
        ring = old.ring(scope, spent, mac)
        if ring is None:
            batch.leave("spending", scope)
        else:
            moved.append(new.row(scope, ring))
    if moved:
        connection.execute(_SET, moved)
    return batch
