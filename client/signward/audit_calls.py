"""The client's calls to ``AdminService`` about the audit log.

What they return is what the daemon says. ``signward.audit`` checks it: ``checkpoints`` who signed
a checkpoint, ``proofs`` what a proof shows, ``records`` what is in a record.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from signward.methods import followed, paged, unary
from signward.plans import Pages, Plan, Rpc
from signward.v1 import audit_pb2 as pb
from signward.v1.admin_service_pb2_grpc import AdminServiceStub

__all__ = ["AuditCalls"]

_GET_CHECKPOINT = Rpc(AdminServiceStub, lambda stub: stub.GetCheckpoint)
_LIST_AUDIT_RECORDS = Rpc(AdminServiceStub, lambda stub: stub.ListAuditRecords)
_GET_AUDIT_PROOF = Rpc(AdminServiceStub, lambda stub: stub.GetAuditProof)


class AuditCalls:
    """What ``AdminService`` does about the audit log. Calls raise ``SignwardError``."""

    @unary
    def get_checkpoint(
        self, *, log: str = "", timeout: float | None = None
    ) -> Plan[pb.GetCheckpointResponse]:
        """Return the newest checkpoint: it covers all that was recorded before this call.

        Args:
            log: Name of the log, as ``audit_log`` in an answer; empty: that of the worker that
                answers. That of another worker may be a second behind.
            timeout: Seconds; ``None``: the client's.
        """
        return _GET_CHECKPOINT(pb.GetCheckpointRequest(log=log), timeout)

    @paged
    def list_audit_records(
        self,
        start: int = 0,
        *,
        identity: str = "",
        key: str = "",
        outcome: str = "",
        event: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        log: str = "",
        page_size: int = 0,
        timeout: float | None = None,
    ) -> Pages[pb.AuditRecord]:
        """Yield the records that fit all that is given, in the order of their numbers.

        Pages are asked for as they are needed, and each is recorded in the log; the list ends
        where the log did when the first one was. ``timeout`` is for each of them.

        Args:
            start: Number of the first record to look at.
            identity: Exactly this caller, with its kind, as ``spiffe://…``.
            key: Exactly this key.
            outcome: ``OK``, or the reason of an error.
            event: Exactly this kind of record, as ``signature``.
            since: Written then or later; with a time zone.
            until: Written before; with a time zone.
            log: Name of the log; empty: that of the worker that answers the first page.
            page_size: 1 to 500; 0: 100.
            timeout: Seconds; ``None``: the client's.

        Raises:
            ValueError: A time has no time zone.
        """
        wanted = _filter(identity, key, outcome, event, since, until)
        request = pb.ListAuditRecordsRequest(
            start=start, filter=wanted, page_size=page_size, log=log
        )

        def records(page: pb.ListAuditRecordsResponse) -> Iterable[pb.AuditRecord]:
            request.log = page.log  # whoever answers the next page
            return page.records

        return Pages(_LIST_AUDIT_RECORDS, request, timeout, records)

    @followed
    def tail_audit_records(
        self,
        start: int | None = None,
        *,
        identity: str = "",
        key: str = "",
        outcome: str = "",
        event: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        log: str = "",
    ) -> pb.TailAuditRecordsRequest:
        """Follow the log: an iterator that waits for the next record. Close it in the end.

        Args:
            start: Number of the first record to look at; ``None``: the next one to be written.
            identity: As in ``list_audit_records``, and so are all others.
            key: See there.
            outcome: See there.
            event: See there.
            since: See there.
            until: See there.
            log: See there.

        Raises:
            ValueError: A time has no time zone.
        """
        wanted = _filter(identity, key, outcome, event, since, until)
        return pb.TailAuditRecordsRequest(start=start, filter=wanted, log=log)

    @unary
    def prove_inclusion(
        self, sequence: int, *, tree_size: int = 0, log: str = "", timeout: float | None = None
    ) -> Plan[pb.GetAuditProofResponse]:
        """Return the proof that a record is in the log, with the record if it is one's own.

        Args:
            sequence: Number of the record.
            tree_size: Size of the tree; 0: that of the checkpoint in the answer.
            log: Name of the log, as ``audit_log`` beside the number; empty: that of the worker
                that answers.
            timeout: Seconds; ``None``: the client's.
        """
        wanted = pb.AuditInclusion(sequence=sequence, tree_size=tree_size)
        return _GET_AUDIT_PROOF(pb.GetAuditProofRequest(inclusion=wanted, log=log), timeout)

    @unary
    def prove_consistency(
        self, first_size: int, *, second_size: int = 0, log: str = "", timeout: float | None = None
    ) -> Plan[pb.GetAuditProofResponse]:
        """Return the proof that the log of one size continues that of another.

        Args:
            first_size: Size of the first tree.
            second_size: Size of the second tree; 0: that of the checkpoint in the answer.
            log: As in ``prove_inclusion``.
            timeout: Seconds; ``None``: the client's.
        """
        trees = pb.AuditConsistency(first_size=first_size, second_size=second_size)
        return _GET_AUDIT_PROOF(pb.GetAuditProofRequest(consistency=trees, log=log), timeout)


def _filter(
    identity: str,
    key: str,
    outcome: str,
    event: str,
    since: datetime | None,
    until: datetime | None,
) -> pb.AuditFilter:
    wanted = pb.AuditFilter(identity=identity, key=key, outcome=outcome, event=event)
    for field, time in ((wanted.since, since), (wanted.until, until)):
        if time is not None:
            if time.tzinfo is None:
                raise ValueError("since and until need a time zone")
            field.FromDatetime(time)
    return wanted
