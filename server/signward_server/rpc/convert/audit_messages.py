"""What is read of the audit log, as messages."""

from __future__ import annotations

from signward.v1 import audit_pb2 as pb

from signward_server.flows.audit_proving import AuditProof, Shown
from signward_server.flows.audit_records import AuditRecord
from signward_server.rpc.convert.times import timestamp

__all__ = ["audit_record", "checkpoint_response", "proof_response"]


def audit_record(record: AuditRecord, log: str) -> pb.AuditRecord:
    """Return a record of a log as the API shows it."""
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
        log=log,
    )


def checkpoint_response(shown: Shown) -> pb.GetCheckpointResponse:
    """Return the answer with a checkpoint."""
    head = shown.head
    return pb.GetCheckpointResponse(
        log=head.log,
        size=head.size,
        root_hash=head.root,
        checkpoint=head.note,
        verifier_key=shown.verifier_key,
        first_sequence=shown.first,
        log_list=shown.listing,
    )


def proof_response(proof: AuditProof) -> pb.GetAuditProofResponse:
    """Return the answer with a proof."""
    answer = pb.GetAuditProofResponse(
        hashes=proof.hashes, tree_size=proof.tree_size, checkpoint=proof.head.note
    )
    if proof.record is not None:
        answer.record.CopyFrom(audit_record(proof.record, proof.head.log))
    return answer
