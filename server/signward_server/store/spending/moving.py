"""Takes the rows of spending from one KEK to another (S22)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, bindparam, text

from signward_server.core.ports import RowAuthenticator
from signward_server.store.batch import Batch
from signward_server.store.rekeying import Rekeying
from signward_server.store.schema import as_stored, spending
from signward_server.store.spending.rows import AuthenticRings

__all__ = ["move_spending"]

_MOST: Final = 500
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
    after: object = b""
    while True:
        with rekeying.changing() as connection:
            rows = connection.execute(_ROWS, {"after": after, "most": _MOST}).all()
            batch = _moved(connection, rows, AuthenticRings(old), AuthenticRings(new))
        yield batch
        if len(rows) < _MOST:
            return
        after = rows[-1][0]


def _moved(connection: Connection, rows: Any, old: AuthenticRings, new: AuthenticRings) -> Batch:  # noqa: ANN401  # the driver's
    batch = Batch()
    moved = []
    for scope, spent, mac in rows:
        if new.ring(scope, spent, mac) is not None:
            continue
        ring = old.ring(scope, spent, mac)
        if ring is None:
            batch.left.append(f"spending {scope.hex() if isinstance(scope, bytes) else scope}")
        else:
            moved.append(new.row(scope, ring))
    if moved:
        connection.execute(_SET, moved)
    return batch
