"""Checkpoints of the audit log, and proofs that lead to them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from signward_server.core.errors import FieldInvalid
from signward_server.core.ports import AuditLog, AuditLogs, Call, Policy
from signward_server.flows.audit_records import AuditRecord

__all__ = ["AuditProof", "AuditProving", "Head", "Shown"]

_GET_CHECKPOINT = "GetCheckpoint"
_GET_AUDIT_PROOF = "GetAuditProof"


@dataclass(frozen=True, slots=True)
class Head:
    """A checkpoint of the log.

    Attributes:
        log: Name of the log.
        size: How many records it covers.
        root: Root of the tree over them, 32 bytes.
        note: The signed note that says so.
    """

    log: str
    size: int
    root: bytes
    note: bytes

    @classmethod
    def of(cls, note: bytes) -> Head:
        """Read a note that the log has signed (https://c2sp.org/tlog-checkpoint)."""
        log, size, root, *_ = note.decode().split("\n")
        return cls(log, int(size), base64.b64decode(root), note)


@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody is shown who asks for a checkpoint.

    Attributes:
        head: The checkpoint.
        first: Number of the oldest record that is kept.
        verifier_key: The log's public key in the C2SP form.
        listing: The signed list of all logs; empty where there is none.
    """

    head: Head
    first: int
    verifier_key: str
    listing: bytes


@dataclass(frozen=True, slots=True)
class AuditProof:
    """A proof.

    Attributes:
        hashes: 32 bytes each, in the order of RFC 6962.
        tree_size: Size of the tree that it leads to.
        head: The newest checkpoint.
        record: What it is a proof of, if the caller is the identity in it.
    """

    hashes: Sequence[bytes]
    tree_size: int
    head: Head
    record: AuditRecord | None = None


class AuditProving:
    """Shows that the log holds what it held. Leaves no record itself: witnesses ask all the time.

    Args:
        logs: The logs.
        policy: Who may.
    """

    def __init__(self, *, logs: AuditLogs, policy: Policy) -> None:
        self._logs = logs
        self._policy = policy

    def checkpoint(self, call: Call, log: str = "") -> Shown:
        """Return the newest checkpoint of a log, and what goes with it.

        Args:
            call: Who asks.
            log: Name of the log; empty: that of this worker.

        Raises:
            PolicyDenied, PolicyError: The caller may not.
            FieldInvalid: There is no such log.
            AuditUnavailable: There is none that is recent enough.
        """
        found = self._allowed(call, _GET_CHECKPOINT, log)
        head = Head.of(found.checkpoint())
        return Shown(head, found.first, found.verifier_key, self._logs.listing())

    def inclusion(self, call: Call, sequence: int, tree_size: int, log: str = "") -> AuditProof:
        """Prove that a record is in a log.

        The record comes along if it is one of the caller's own: for those of others there is
        a right of its own, and its use is recorded.

        Args:
            call: Who asks.
            sequence: Number of the record.
            tree_size: Size of the tree, 0 for the newest checkpoint.
            log: Name of the log; empty: that of this worker.

        Raises:
            PolicyDenied, PolicyError: The caller may not.
            FieldInvalid: There is no such log, record or tree.
            AuditUnavailable: See ``checkpoint``.
        """
        found = self._allowed(call, _GET_AUDIT_PROOF, log)
        head = Head.of(found.checkpoint())
        size = _size("inclusion.tree_size", tree_size, head)
        if not found.first <= sequence < size:
            rule = f"Must be at least {found.first} and below {size}."
            raise FieldInvalid.at("inclusion.sequence", rule)
        hashes = found.inclusion(sequence, size)
        return AuditProof(hashes, size, head, _own(found, call, sequence))

    def consistency(self, call: Call, first: int, second: int, log: str = "") -> AuditProof:
        """Prove that a tree continues another.

        Args:
            call: Who asks.
            first: Size of the first tree.
            second: Size of the second one, 0 for the newest checkpoint.
            log: Name of the log; empty: that of this worker.

        Raises:
            PolicyDenied, PolicyError, AuditUnavailable: See ``inclusion``.
            FieldInvalid: There are no such log or trees.
        """
        found = self._allowed(call, _GET_AUDIT_PROOF, log)
        head = Head.of(found.checkpoint())
        size = _size("consistency.second_size", second, head)
        if not 1 <= first <= size:
            raise FieldInvalid.at(
                "consistency.first_size", f"Must be at least 1 and at most {size}."
            )
        return AuditProof(found.consistency(first, size), size, head)

    def _allowed(self, call: Call, action: str, log: str) -> AuditLog:
        self._policy.authorize(call, action, None)
        call.ensure_live()
        return self._logs.of(log)


def _own(log: AuditLog, call: Call, sequence: int) -> AuditRecord | None:
    for body in log.records(sequence, 1):
        record = AuditRecord.read(body, sequence)
        return record if record.identity == str(call.identity) else None
    return None


def _size(field: str, size: int, head: Head) -> int:
    if size > head.size:
        raise FieldInvalid.at(field, f"Must be at most {head.size}: no checkpoint covers more.")
    return size or head.size
