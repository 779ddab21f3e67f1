"""The part of ``AdminService`` about the audit log, of the fake daemon."""

from __future__ import annotations

import json

import grpc
from signward.audit.checkpoints import parse_checkpoint
from signward.v1 import audit_pb2 as pb

from tests.fakes.daemon_state import FakeState, abort
from tests.fakes.spine.audit_log import FakeAuditLog
from tests.fakes.statuses import status

__all__ = ["FakeAuditService"]


class FakeAuditService(FakeState):
    """Reads a log in memory, which a test may replace by another one at any time.

    Attributes:
        log: The log of the worker that answers.
        others: Logs of other workers, by their names.
        list_note: The signed list of all logs.
        note: The checkpoint that it shows; ``None`` for the newest.
        own: Whether inclusion proofs come with the record.
        hidden: Numbers of records that no list shows.
        tailed: Numbers of records that whoever follows the log was sent.
        bent: Whether the last hash of each proof is another.
    """

    def __init__(self) -> None:
        super().__init__()
        self.log = FakeAuditLog()
        self.others: dict[str, FakeAuditLog] = {}
        self.list_note = b""
        self.note: bytes | None = None
        self.own = True
        self.bent = False
        self.hidden: set[int] = set()
        self.tailed: list[int] = []

    def GetCheckpoint(self, request, context):  # noqa: N802 -- the service's names
        self._enter("GetCheckpoint", request, context)
        log = self._log(request, context)
        note = self._note(log)
        checkpoint = parse_checkpoint(note)
        return pb.GetCheckpointResponse(
            log=log.name,
            size=checkpoint.size,
            root_hash=checkpoint.root,
            checkpoint=note,
            verifier_key=log.verifier_key,
            first_sequence=log.first,
            log_list=self.list_note,
        )

    def ListAuditRecords(self, request, context):  # noqa: N802
        self._enter("ListAuditRecords", request, context)
        log = self._log(request, context)
        start, size = int(request.page_token or request.start), request.page_size or 100
        end = min(start + size, log.size)
        token = str(end) if end < log.size else ""
        found = [record(n, log) for n in range(start, end) if n not in self.hidden]
        wanted = [each for each in found if _fits(each, request.filter)]
        return pb.ListAuditRecordsResponse(
            records=wanted, next_page_token=token, next_sequence=end, log=log.name
        )

    def TailAuditRecords(self, request, context):  # noqa: N802
        self._enter("TailAuditRecords", request, context)
        log = self._log(request, context)
        number = request.start if request.HasField("start") else log.size
        yield pb.TailAuditRecordsResponse(next_sequence=number, log=log.name)
        while context.is_active():
            if planned := self.planned.get("TailAuditRecords"):
                abort(context, planned.popleft())
            if log.wait(number, 0.05):
                found = record(number, log)
                number += 1
                if _fits(found, request.filter):
                    yield pb.TailAuditRecordsResponse(
                        record=found, next_sequence=number, log=log.name
                    )
                    self.tailed.append(found.sequence)

    def GetAuditProof(self, request, context):  # noqa: N802
        self._enter("GetAuditProof", request, context)
        log = self._log(request, context)
        note = self._note(log)
        newest = parse_checkpoint(note).size
        answer = pb.GetAuditProofResponse(checkpoint=note)
        if request.HasField("inclusion"):
            sequence = request.inclusion.sequence
            size = answer.tree_size = request.inclusion.tree_size or newest
            self._ensure(sequence < size, context)
            answer.hashes.extend(log.inclusion(sequence, size))
            if self.own:
                answer.record.CopyFrom(record(sequence, log))
        else:
            first = request.consistency.first_size
            size = answer.tree_size = request.consistency.second_size or newest
            self._ensure(first <= size, context)
            answer.hashes.extend(log.consistency(first, size))
        if self.bent and answer.hashes:
            answer.hashes[-1] = bytes(32)
        return answer

    def _log(self, request, context: grpc.ServicerContext) -> FakeAuditLog:
        self._ensure(request.log in {"", self.log.name, *self.others}, context)
        return self.others.get(request.log, self.log)

    def _note(self, log: FakeAuditLog) -> bytes:
        return log.checkpoint() if self.note is None else self.note

    def _ensure(self, possible: bool, context: grpc.ServicerContext) -> None:
        if not possible:
            abort(context, status("INVALID_ARGUMENT", "FIELD_INVALID", "A field is invalid."))


def record(sequence: int, log: FakeAuditLog) -> pb.AuditRecord:
    """Return a record of the log as a message."""
    fields = json.loads(log.bodies[sequence])
    message = pb.AuditRecord(sequence=sequence, record=log.bodies[sequence], log=log.name)
    for name in ("event", "outcome", "identity", "method", "action", "key", "version"):
        if name in fields:
            setattr(message, name, fields[name])
    message.time.FromJsonString(fields["time"])
    return message


def _fits(found: pb.AuditRecord, wanted: pb.AuditFilter) -> bool:
    names = ("identity", "key", "outcome", "event")
    return all(getattr(wanted, name) in {"", getattr(found, name)} for name in names)
