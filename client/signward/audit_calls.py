"""The client's calls to ``AdminService`` about the audit log.

What they return is what the daemon says. ``signward.audit`` checks it: ``checkpoints`` who signed
a checkpoint, ``proofs`` what a proof shows, ``records`` what is in a record.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from signward.audit_tail import AuditTail
from signward.calls import UnaryCall
from signward.retry import RetryPolicy
from signward.v1 import audit_pb2 as pb
from signward.v1.admin_service_pb2_grpc import AdminServiceStub

__all__ = ["AuditCalls"]


class AuditCalls:
    """What ``AdminService`` does about the audit log. Calls raise ``SignwardError``.

    Args:
        stub: The generated stub.
        timeout: Deadline in seconds for calls that name none.
        policy: How to retry.
    """

    def __init__(self, stub: AdminServiceStub, timeout: float, policy: RetryPolicy) -> None:
        self._policy = policy
        self._tail_audit_records = stub.TailAuditRecords
        self._get_checkpoint = UnaryCall(stub.GetCheckpoint, timeout, policy)
        self._list_audit_records = UnaryCall(stub.ListAuditRecords, timeout, policy)
        self._get_audit_proof = UnaryCall(stub.GetAuditProof, timeout, policy)

    def get_checkpoint(self, *, timeout: float | None = None) -> pb.GetCheckpointResponse:
        """Return the newest checkpoint: it covers all that was recorded before this call."""
        return self._get_checkpoint(pb.GetCheckpointRequest(), timeout)

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
        page_size: int = 0,
        timeout: float | None = None,
    ) -> Iterator[pb.AuditRecord]:
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
            page_size: 1 to 500; 0: 100.
            timeout: Seconds; ``None``: the client's.

        Raises:
            ValueError: A time has no time zone.
        """
        wanted = _filter(identity, key, outcome, event, since, until)
        request = pb.ListAuditRecordsRequest(start=start, filter=wanted, page_size=page_size)
        return self._pages(request, timeout)

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
    ) -> AuditTail:
        """Follow the log: an iterator that waits for the next record. Close it in the end.

        Args:
            start: Number of the first record to look at; ``None``: the next one to be written.
            identity: As in ``list_audit_records``, and so are all others.
            key: See there.
            outcome: See there.
            event: See there.
            since: See there.
            until: See there.

        Raises:
            ValueError: A time has no time zone.
        """
        wanted = _filter(identity, key, outcome, event, since, until)
        request = pb.TailAuditRecordsRequest(start=start, filter=wanted)
        return AuditTail(self._tail_audit_records, request, self._policy)

    def prove_inclusion(
        self, sequence: int, *, tree_size: int = 0, timeout: float | None = None
    ) -> pb.GetAuditProofResponse:
        """Return the proof that a record is in the log, with the record if it is one's own.

        Args:
            sequence: Number of the record.
            tree_size: Size of the tree; 0: that of the checkpoint in the answer.
            timeout: Seconds; ``None``: the client's.
        """
        wanted = pb.AuditInclusion(sequence=sequence, tree_size=tree_size)
        return self._get_audit_proof(pb.GetAuditProofRequest(inclusion=wanted), timeout)

    def prove_consistency(
        self, first_size: int, *, second_size: int = 0, timeout: float | None = None
    ) -> pb.GetAuditProofResponse:
        """Return the proof that the log of one size continues that of another.

        Args:
            first_size: Size of the first tree.
            second_size: Size of the second tree; 0: that of the checkpoint in the answer.
            timeout: Seconds; ``None``: the client's.
        """
        trees = pb.AuditConsistency(first_size=first_size, second_size=second_size)
        return self._get_audit_proof(pb.GetAuditProofRequest(consistency=trees), timeout)

    def _pages(
        self, request: pb.ListAuditRecordsRequest, timeout: float | None
    ) -> Iterator[pb.AuditRecord]:
        while True:
            page = self._list_audit_records(request, timeout)
            yield from page.records
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token


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
