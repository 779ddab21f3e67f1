"""Proofs as files: JSON that carries all that is needed to check it but the log's public key."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from signward.audit.base64_text import decode_base64, encode_base64
from signward.audit.checkpoints import Checkpoint, parse_checkpoint, verify_checkpoint
from signward.audit.cosignatures import verify_cosignature
from signward.audit.errors import ProofError
from signward.audit.merkle import leaf_hash
from signward.audit.proofs import check_consistency, check_inclusion
from signward.audit.records import Record, decode_record
from signward.audit.verifier_keys import VerifierKey

__all__ = [
    "MAX_PROOF",
    "ConsistencyProof",
    "InclusionProof",
    "Proof",
    "encode_proof",
    "parse_proof",
]

MAX_PROOF = 4 << 20  # bytes
_FORMAT = "signward-audit-proof/1"
_MAX_HASHES = 128


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That a record is in a log.

    Attributes:
        sequence: Number of the record.
        record: Its bytes.
        hashes: The proof of RFC 6962, 32 bytes each.
        checkpoint: Of the log that the record is in.
    """

    sequence: int
    record: bytes
    hashes: tuple[bytes, ...]
    checkpoint: Checkpoint

    def check(self, key: VerifierKey, witnesses: Sequence[VerifierKey] = ()) -> Record:
        """Check the proof with the log's key; return the record.

        Raises:
            SignatureError: The checkpoint is not signed by the log, or not by a witness.
            ProofError: The record is not in the log that the checkpoint speaks of.
            RecordError: What is in the log is no record.
        """
        _signed(self.checkpoint, key, witnesses)
        check_inclusion(
            self.sequence,
            self.checkpoint.size,
            leaf_hash(self.record),
            self.checkpoint.root,
            self.hashes,
        )
        record = decode_record(self.record)
        if record.seq != self.sequence:
            raise ProofError(f"the record says that it is number {record.seq}")
        return record


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """That a log goes on from what it was: nothing that was in it has changed.

    Attributes:
        hashes: The proof of RFC 6962, 32 bytes each.
        first: The older checkpoint.
        second: The newer one.
    """

    hashes: tuple[bytes, ...]
    first: Checkpoint
    second: Checkpoint

    def check(self, key: VerifierKey, witnesses: Sequence[VerifierKey] = ()) -> None:
        """Check the proof with the log's key.

        Raises:
            SignatureError: A checkpoint is not signed by the log, or the newer one not by a
                witness.
            ProofError: The log does not go on from the older checkpoint.
        """
        _signed(self.first, key, ())
        _signed(self.second, key, witnesses)
        check_consistency(
            self.first.size, self.second.size, self.first.root, self.second.root, self.hashes
        )


Proof: TypeAlias = InclusionProof | ConsistencyProof


def _signed(checkpoint: Checkpoint, key: VerifierKey, witnesses: Sequence[VerifierKey]) -> None:
    verify_checkpoint(checkpoint, key)
    for witness in witnesses:
        verify_cosignature(checkpoint, witness)


def encode_proof(proof: Proof) -> str:
    """Return the text of a proof's file."""
    fields: dict[str, Any] = {"format": _FORMAT}
    if isinstance(proof, InclusionProof):
        fields |= {
            "proof": "inclusion",
            "sequence": proof.sequence,
            "record": proof.record.decode("ascii"),
            "hashes": [encode_base64(node) for node in proof.hashes],
            "checkpoint": bytes(proof.checkpoint.note).decode(),
        }
    else:
        fields |= {
            "proof": "consistency",
            "hashes": [encode_base64(node) for node in proof.hashes],
            "first": bytes(proof.first.note).decode(),
            "second": bytes(proof.second.note).decode(),
        }
    return json.dumps(fields, indent=2, ensure_ascii=True) + "\n"


def parse_proof(data: bytes) -> Proof:
    """Read a proof's file; nothing is checked.

    Raises:
        ProofError: It is none.
        NoteError: A checkpoint in it is malformed.
    """
    if len(data) > MAX_PROOF:
        raise ProofError("the proof is too long")
    try:
        fields = json.loads(data)
        if fields["format"] != _FORMAT:
            raise ProofError("the format of the proof is not known")
        return _proof(fields)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ProofError("this is not a proof") from error


def _proof(fields: dict[str, Any]) -> Proof:
    hashes = fields["hashes"]
    if not isinstance(hashes, list) or len(hashes) > _MAX_HASHES:
        raise TypeError
    nodes = tuple(map(decode_base64, hashes))
    if fields["proof"] == "inclusion":
        if type(fields["sequence"]) is not int:
            raise TypeError
        return InclusionProof(
            fields["sequence"],
            fields["record"].encode("ascii"),
            nodes,
            parse_checkpoint(fields["checkpoint"].encode()),
        )
    if fields["proof"] == "consistency":
        first, second = (parse_checkpoint(fields[name].encode()) for name in ("first", "second"))
        return ConsistencyProof(nodes, first, second)
    raise ValueError(fields["proof"])
