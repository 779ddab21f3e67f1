"""Approvals as rows, rows as approvals again, and the statements on them.

The fields of a row are the columns of its table, in order. Every statement runs in its
caller's transaction; nothing here decides or checks a MAC. A row is either an approval that
was not used yet, or says what one was used for: their MACs differ.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, text

from signward_server.core.ports import Approval
from signward_server.store.rows import from_epoch, since_epoch
from signward_server.store.schema import approvals, as_stored

__all__ = [
    "ApprovalRow",
    "approval_from",
    "approval_row",
    "delete_approval",
    "delete_expired",
    "put_approval",
    "read_approval",
]

_NAMED = approvals.c.digest == bindparam("named")
_READ = as_stored(approvals).where(_NAMED)
_PUT = text(
    "INSERT INTO approvals (digest, approver, expire_time, mac)"
    " VALUES (:digest, :approver, :expire_time, :mac)"
    " ON CONFLICT (digest) DO UPDATE SET approver = excluded.approver,"
    " expire_time = excluded.expire_time, mac = excluded.mac"
)
_TAKE = delete(approvals).where(_NAMED, approvals.c.mac == bindparam("tag"))
_EXPIRED = delete(approvals).where(approvals.c.expire_time <= bindparam("now"))


class ApprovalRow(NamedTuple):
    """A row of ``approvals``."""

    digest: bytes
    approver: str
    expire_time: int
    mac: bytes = b""


def approval_row(approval: Approval) -> ApprovalRow:
    """Return the row of an approval, without its MAC."""
    return ApprovalRow(approval.digest, approval.approver, since_epoch(approval.expire_time))


def approval_from(row: ApprovalRow) -> Approval:
    """Return the approval of a row that carries the right MAC."""
    return Approval(row.digest, row.approver, from_epoch(row.expire_time))


def read_approval(connection: Connection, digest: bytes) -> ApprovalRow | None:
    """Return a row as it is stored, ``None`` if there is none."""
    row = connection.execute(_READ, {"named": digest}).first()
    return None if row is None else ApprovalRow._make(row)


def put_approval(connection: Connection, row: ApprovalRow) -> None:
    """Insert a row, in the place of another one with its digest."""
    connection.execute(_PUT, row._asdict())


def delete_approval(connection: Connection, row: ApprovalRow) -> bool:
    """Delete exactly this row; return whether it was there."""
    return connection.execute(_TAKE, {"named": row.digest, "tag": row.mac}).rowcount == 1


def delete_expired(connection: Connection, now: int) -> None:
    """Delete the rows that are over."""
    connection.execute(_EXPIRED, {"now": now})
