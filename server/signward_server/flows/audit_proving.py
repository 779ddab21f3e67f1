"""Checkpoints of the audit log, and proofs that lead to them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from signward_server.core.errors import FieldInvalid
from signward_server.core.ports import AuditLog, Call, Policy
from signward_server.flows.audit_records import AuditRecord

__all__ = ["AuditProof", "AuditProving", "Head"]

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
        log: The log.
        policy: Who may.
    """

    def __init__(self, *, log: AuditLog, policy: Policy) -> None:
        self._log = log
        self._policy = policy

    @property
    def verifier_key(self) -> str:
        """The log's public key in the C2SP form."""
        return self._log.verifier_key

    def checkpoint(self, call: Call) -> tuple[Head, int]:
        """Return the newest checkpoint, and the number of the oldest record that is kept.

        Raises:
            PolicyDenied, PolicyError: The caller may not.
            AuditUnavailable: There is none that is recent enough.
        """
        self._policy.authorize(call, _GET_CHECKPOINT, None)
        call.ensure_live()
        return Head.of(self._log.checkpoint()), self._log.first

    def inclusion(self, call: Call, sequence: int, tree_size: int) -> AuditProof:
        """Prove that a record is in the log.

        The record comes along if it is one of the caller's own: for those of others there is
        a right of its own, and its use is recorded.

        Args:
            call: Who asks.
            sequence: Number of the record.
            tree_size: Size of the tree, 0 for the newest checkpoint.

        Raises:
            PolicyDenied, PolicyError: The caller may not.
            FieldInvalid: There is no such record or tree.
            AuditUnavailable: See ``checkpoint``.
        """
        head = self._head(call)
        size = _size("inclusion.tree_size", tree_size, head)
        if not self._log.first <= sequence < size:
            rule = f"Must be at least {self._log.first} and below {size}."
            raise FieldInvalid.at("inclusion.sequence", rule)
        hashes = self._log.inclusion(sequence, size)
        return AuditProof(hashes, size, head, self._own(call, sequence))

    def consistency(self, call: Call, first: int, second: int) -> AuditProof:
        """Prove that a tree continues another.

        Args:
            call: Who asks.
            first: Size of the first tree.
            second: Size of the second one, 0 for the newest checkpoint.

        Raises:
            PolicyDenied, PolicyError, AuditUnavailable: See ``inclusion``.
            FieldInvalid: There are no such trees.
        """
        head = self._head(call)
        size = _size("consistency.second_size", second, head)
        if not 1 <= first <= size:
            raise FieldInvalid.at(
                "consistency.first_size", f"Must be at least 1 and at most {size}."
            )
        return AuditProof(self._log.consistency(first, size), size, head)

    def _head(self, call: Call) -> Head:
        self._policy.authorize(call, _GET_AUDIT_PROOF, None)
        call.ensure_live()
        return Head.of(self._log.checkpoint())

    def _own(self, call: Call, sequence: int) -> AuditRecord | None:
        for body in self._log.records(sequence, 1):
            record = AuditRecord.read(body, sequence)
            return record if record.identity == str(call.identity) else None
        return None


def _size(field: str, size: int, head: Head) -> int:
    if size > head.size:
        raise FieldInvalid.at(field, f"Must be at most {head.size}: no checkpoint covers more.")
    return size or head.size
