"""Proving what is in the log, from the stored hashes, as far as these lead to a checkpoint."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from signward.audit.checkpoints import parse_checkpoint
from signward.audit.errors import ProofError
from signward.audit.merkle import EMPTY_ROOT, leaf_hash
from signward.audit.proofs import (
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
)
from signward.audit.stored import tree_root

from signward_server.audit.reading import Reading
from signward_server.core.errors import AuditUnavailable, FieldInvalid

__all__ = ["Proving"]

_log = logging.getLogger(__name__)


class _Hashes(Protocol):
    def node(self, level: int, n: int) -> bytes: ...


class _Signed(Protocol):
    @property
    def note(self) -> bytes: ...


class Proving:
    """Makes proofs, and hands out none that does not hold.

    Args:
        tree: The stored hashes.
        signed: The last checkpoint.
        reading: Reads records.
    """

    def __init__(self, tree: _Hashes, signed: _Signed, reading: Reading) -> None:
        self._tree = tree
        self._signed = signed
        self._reading = reading

    def inclusion(self, sequence: int, size: int, first: int) -> Sequence[bytes]:
        """Return the proof that a record is in a tree.

        Args:
            sequence: Number of the record.
            size: Of the tree.
            first: Number of the oldest record that is kept.

        Raises:
            FieldInvalid: There is no such record or no such tree.
            AuditUnavailable: The stored hashes are damaged, or cannot be read.
        """
        signed_size, signed_root = self._last()
        if not first <= sequence < signed_size:
            raise FieldInvalid.at("sequence", "must be that of a record that is kept and signed")
        if not sequence < size <= signed_size:
            raise FieldInvalid.at("tree_size", "must be above the sequence, and signed")
        body = self._reading.records(sequence, 1)
        try:
            root = self._root(size, signed_size, signed_root)
            proof = inclusion_proof(sequence, size, self._tree.node)
            check_inclusion(sequence, size, leaf_hash(body[0]), root, proof)
        except (LookupError, OSError, ProofError) as exc:
            raise _damaged(exc) from exc
        return proof

    def consistency(self, first_size: int, second_size: int, first: int) -> Sequence[bytes]:
        """Return the proof that one tree continues another; see ``inclusion``.

        Records that retention removed have left their hashes, unless these were made again.
        """
        signed_size, signed_root = self._last()
        if not first_size <= second_size <= signed_size:
            raise FieldInvalid.at("second_size", "must not be below the first, and be signed")
        try:
            root = self._root(second_size, signed_size, signed_root)
            before = tree_root(first_size, self._tree.node) if first_size else EMPTY_ROOT
            proof = consistency_proof(first_size, second_size, self._tree.node)
            check_consistency(first_size, second_size, before, root, proof)
        except LookupError as exc:
            if first_size < first:  # removed records, and hashes that were begun anew since
                raise FieldInvalid.at("first_size", "must be a size that has hashes") from exc
            raise _damaged(exc) from exc
        except (OSError, ProofError) as exc:
            raise _damaged(exc) from exc
        return proof

    def _root(self, size: int, signed_size: int, signed_root: bytes) -> bytes:
        """Return the root of a tree, after a proof that the signed one continues it."""
        if size == signed_size or not size:
            return signed_root if size else EMPTY_ROOT
        root = tree_root(size, self._tree.node)
        proof = consistency_proof(size, signed_size, self._tree.node)
        check_consistency(size, signed_size, root, signed_root, proof)
        return root

    def _last(self) -> tuple[int, bytes]:
        if not self._signed.note:
            return 0, EMPTY_ROOT
        checkpoint = parse_checkpoint(self._signed.note)
        return checkpoint.size, checkpoint.root


def _damaged(cause: Exception) -> AuditUnavailable:
    _log.error(
        "the stored hashes of the audit log are damaged; remove the file `hashes` and restart",
        extra={"kind": type(cause).__name__},
    )
    return AuditUnavailable()
