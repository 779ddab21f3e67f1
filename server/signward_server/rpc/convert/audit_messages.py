"""What is read of the audit log, as messages."""

from __future__ import annotations

from signward.v1 import audit_pb2 as pb

from signward_server.flows.audit_proving import AuditProof, Head
from signward_server.flows.audit_records import AuditRecord
from signward_server.rpc.convert.times import timestamp

__all__ = ["audit_record", "checkpoint_response", "proof_response"]


def audit_record(record: AuditRecord) -> pb.AuditRecord:
    """Return a record as the API shows it."""
    return pb.AuditRecord(
        sequence=record.sequence,
        time=timestamp(record.time),
        event=record.event,
        outcome=record.outcome,
        identity=record.identity,
        method=record.method,
        action=record.action,
        key=record.key,
        version=record.version,
        record=record.body,
    )


def checkpoint_response(head: Head, first: int, verifier_key: str) -> pb.GetCheckpointResponse:
    """Return the answer with a checkpoint.

    Args:
        head: The checkpoint.
        first: Number of the oldest record that is kept.
        verifier_key: The log's public key.
    """
    return pb.GetCheckpointResponse(
        log=head.log,
        size=head.size,
        root_hash=head.root,
        checkpoint=head.note,
        verifier_key=verifier_key,
        first_sequence=first,
    )


def proof_response(proof: AuditProof) -> pb.GetAuditProofResponse:
    """Return the answer with a proof."""
    answer = pb.GetAuditProofResponse(
        hashes=proof.hashes, tree_size=proof.tree_size, checkpoint=proof.head.note
    )
    if proof.record is not None:
        answer.record.CopyFrom(audit_record(proof.record))
    return answer
