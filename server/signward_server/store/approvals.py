"""Approvals, in the database alone: whoever deletes a row has used it (S15).

Of several processes that delete one row one finds it there, in either database: SQLite lets
one of them write at a time, PostgreSQL has the second wait for the first's commit and look
again. The deletion and the row that says what the approval was used for are one transaction.
"""

from __future__ import annotations

import logging
import struct
from datetime import timedelta

from sqlalchemy import Connection, Engine

from signward_server.core.errors import StoreUnavailable
from signward_server.core.ports import Approval, RowAuthenticator, Time
from signward_server.store import approval_rows
from signward_server.store.approval_rows import ApprovalRow, approval_from, approval_row
from signward_server.store.canonical import approval_mac_input
from signward_server.store.failures import unavailable
from signward_server.store.request_rows import NUMBERED_LONGER
from signward_server.store.rows import since_epoch
from signward_server.store.writing import Writing

__all__ = ["StoredApprovals"]

_log = logging.getLogger(__name__)


class StoredApprovals:
    """Implements ``core.ports.Approvals``.

    Args:
        swift: Engine whose statements are transactions of their own.
        durable: Engine whose commits are on the disk when they return.
        writing: Lock of everything that writes to the store.
        authenticator: Makes and checks the MACs of rows.
        time: By which they end.
        retention: How long a request_id is remembered; what an approval was used for is
            remembered as long as a request_id with a nonce.
    """

    def __init__(
        self,
        swift: Engine,
        durable: Engine,
        writing: Writing,
        authenticator: RowAuthenticator,
        time: Time,
        retention: timedelta,
    ) -> None:
        self._swift = swift
        self._durable = durable
        self._writing = writing
        self._authenticator = authenticator
        self._time = time
        self._memory = retention + timedelta(microseconds=NUMBERED_LONGER)
        self._closed = False

    def give(self, approval: Approval) -> None:
        """See ``core.ports.Approvals.give``."""
        row = self._tagged(approval_row(approval), used=False)
        with self._writing, unavailable():
            self._ensure_open()
            with self._durable.begin() as connection:
                approval_rows.delete_expired(connection, since_epoch(self._time.now()))
                approval_rows.put_approval(connection, row)

    def withdraw(self, approval: Approval) -> None:
        """See ``core.ports.Approvals.withdraw``."""
        self.use(approval)

    def find(self, digest: bytes, asker: str) -> Approval | None:
        """See ``core.ports.Approvals.find``."""
        return self._find(digest, asker, used=False)

    def used_for(self, use: bytes, asker: str) -> Approval | None:
        """See ``core.ports.Approvals.used_for``."""
        return self._find(use, asker, used=True)

    def use(self, approval: Approval, use: bytes = b"") -> bool:
        """See ``core.ports.Approvals.use``."""
        row = self._tagged(approval_row(approval), used=False)
        with self._writing, unavailable():
            self._ensure_open()
            with self._durable.begin() as connection:
                if self._holds(approval) and approval_rows.delete_approval(connection, row):
                    if use:
                        approval_rows.put_approval(connection, self._used(approval, use))
                    return True
                return bool(use) and self._was_used(connection, use)

    def close(self) -> None:
        """Wait for the write under way; nothing can be written afterwards."""
        with self._writing:
            self._closed = True

    def _find(self, digest: bytes, asker: str, *, used: bool) -> Approval | None:
        with unavailable():
            self._ensure_open()
            with self._swift.connect() as connection:
                row = approval_rows.read_approval(connection, digest)
        if row is None or not self._is_genuine(row, used=used):
            return None
        approval = approval_from(row)
        return approval if self._holds(approval) and approval.approver != asker else None

    def _holds(self, approval: Approval) -> bool:
        return self._time.now() < approval.expire_time

    def _used(self, approval: Approval, use: bytes) -> ApprovalRow:
        end = since_epoch(self._time.now() + self._memory)
        return self._tagged(ApprovalRow(use, approval.approver, end), used=True)

    def _was_used(self, connection: Connection, use: bytes) -> bool:
        row = approval_rows.read_approval(connection, use)
        return row is not None and self._is_genuine(row, used=True)

    def _tagged(self, row: ApprovalRow, *, used: bool) -> ApprovalRow:
        tag = self._authenticator.tag(approval_mac_input(row, used=used))
        return row._replace(mac=tag)

    def _is_genuine(self, row: ApprovalRow, *, used: bool) -> bool:
        """Return whether a row is as it was written (S17)."""
        try:
            genuine = self._authenticator.matches(approval_mac_input(row, used=used), row.mac)
        except (ValueError, TypeError, AttributeError, struct.error):
            genuine = False  # a value of another type than its column, which was never written
        if not genuine:
            _log.error("an approval fails its MAC and does not count")
        return genuine

    def _ensure_open(self) -> None:
        if self._closed:
            raise StoreUnavailable
