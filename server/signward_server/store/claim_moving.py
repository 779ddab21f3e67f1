"""Takes the rows of claims from one KEK to another (S22)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, text

from signward_server.core.ports import RowAuthenticator
from signward_server.store.authentic_claims import AuthenticClaims
from signward_server.store.batch import Batch, in_batches, rows_of
from signward_server.store.claims import StoredClaim
from signward_server.store.rekeying import Rekeying

__all__ = ["move_claims"]

_ROWS = text(
    "SELECT scope, identity, content, version, claim_time, key_id, previous, nonce, mac"
    " FROM requests WHERE mac IS NOT NULL AND scope > :after ORDER BY scope LIMIT :most"
)
_SET = text("UPDATE requests SET mac = :mac WHERE scope = :scope")


def move_claims(
    rekeying: Rekeying, old: RowAuthenticator, new: RowAuthenticator
) -> Iterator[Batch]:
    """Move all rows with a MAC, a batch for each step; what is not as it was written is left.

    Args:
        rekeying: Runs transactions.
        old: Checks the MACs of rows that have not been moved.
        new: Makes and checks those of rows that have.

    Raises:
        StoreUnavailable: The store cannot be written.
    """
    move = partial(_move, old=AuthenticClaims(old), new=AuthenticClaims(new))
    return in_batches(rekeying, rows_of(_ROWS), move, b"")


def _move(
    connection: Connection, rows: Sequence[Any], *, old: AuthenticClaims, new: AuthenticClaims
) -> Batch:
    batch = Batch()
    moved = []
    for scope, *columns in rows:
        row = StoredClaim._make(columns)
        if new.is_genuine(scope, row):
            continue
        if old.is_genuine(scope, row):
            moved.append({"scope": scope, "mac": new.tagged(scope, row)})
        else:
            batch.leave("request", scope)
    if moved:
        connection.execute(_SET, moved)
    return batch
