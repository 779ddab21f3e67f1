"""AdminService, the part about the audit log: messages to flows and back."""

from __future__ import annotations

from collections.abc import Iterator

from signward.v1 import audit_pb2 as pb

from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import FieldInvalid, PayloadMalformed
from signward_server.core.method_classes import MethodClass
from signward_server.flows.audit_proving import AuditProving
from signward_server.flows.audit_reading import AuditPage, AuditReading
from signward_server.flows.key_reading import Place
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.convert.audit_messages import (
    audit_record,
    checkpoint_response,
    proof_response,
)
from signward_server.rpc.convert.audit_requests import audit_filter
from signward_server.rpc.convert.fields import Fields
from signward_server.rpc.page_token import PageTokens
from signward_server.rpc.pages import fitting, page_size
from signward_server.rpc.parsing import parse
from signward_server.rpc.routes import Route, Unary

__all__ = ["AuditService"]

_SERVICE = "/signward.v1.AdminService/"


class AuditService:
    """The RPCs of AdminService that read the audit log."""

    def __init__(self, *, reading: AuditReading, proving: AuditProving, tokens: PageTokens) -> None:
        self._reading = reading
        self._proving = proving
        self._tokens = tokens

    def routes(self) -> list[Route]:
        """Return its RPCs."""
        return [
            _asking("GetCheckpoint", self._get_checkpoint),
            Route(
                _SERVICE + "ListAuditRecords",
                ("ListAuditRecords",),
                MethodClass.LIST,
                AuditEvent.ADMINISTRATION,
                unary=self._list,
            ),
            Route(
                _SERVICE + "TailAuditRecords",
                ("TailAuditRecords",),
                MethodClass.ADMINISTRATION,
                AuditEvent.ADMINISTRATION,
                streaming=self._tail,
            ),
            _asking("GetAuditProof", self._get_proof),
        ]

    def close(self) -> None:
        """End whoever follows the log."""
        self._reading.close()

    def _get_checkpoint(self, data: bytes, call: GrpcCall) -> bytes:
        message = parse(pb.GetCheckpointRequest, data)
        shown = self._proving.checkpoint(call, message.log)
        return checkpoint_response(shown).SerializeToString()

    def _list(self, data: bytes, call: GrpcCall) -> bytes:
        message = parse(pb.ListAuditRecordsRequest, data)
        fields = Fields()
        wanted = audit_filter(fields, message.filter)
        fields.check()
        asked = f"{message.start} {wanted}".encode()
        place = self._tokens.decode(call, asked, message.page_token)
        start, end, log = _where(message, place)
        page = self._reading.page(call, wanted, start, page_size(message.page_size), end, log)
        shown = list(fitting(audit_record(each, page.log) for each in page.records))
        following = page.following
        if len(shown) < len(page.records):
            following = shown[-1].sequence + 1
        return pb.ListAuditRecordsResponse(
            records=shown,
            next_page_token=self._tokens.encode(call, asked, _place(page, following)),
            next_sequence=following,
            log=page.log,
        ).SerializeToString()

    def _tail(self, requests: Iterator[bytes], call: GrpcCall) -> Iterator[bytes]:
        data = next(requests, None)
        if data is None:
            raise PayloadMalformed
        message = parse(pb.TailAuditRecordsRequest, data)
        fields = Fields()
        wanted = audit_filter(fields, message.filter)
        fields.check()
        start = message.start if message.HasField("start") else None
        for step in self._reading.tail(call, wanted, start, message.log):
            answer = pb.TailAuditRecordsResponse(next_sequence=step.following, log=step.log)
            if step.record is not None:
                answer.record.CopyFrom(audit_record(step.record, step.log))
            yield answer.SerializeToString()

    def _get_proof(self, data: bytes, call: GrpcCall) -> bytes:
        message = parse(pb.GetAuditProofRequest, data)
        if message.HasField("inclusion"):
            record = message.inclusion
            proof = self._proving.inclusion(call, record.sequence, record.tree_size, message.log)
        elif message.HasField("consistency"):
            trees = message.consistency
            proof = self._proving.consistency(
                call, trees.first_size, trees.second_size, message.log
            )
        else:
            raise FieldInvalid.at("proof", "Must be an inclusion or a consistency.")
        return proof_response(proof).SerializeToString()


def _asking(name: str, behaviour: Unary) -> Route:
    """Return the route of what is asked all the time, and only recorded if it fails."""
    return Route(_SERVICE + name, (name,), MethodClass.READ, AuditEvent.FAILURE, unary=behaviour)


def _place(page: AuditPage, following: int) -> Place | None:
    """Return where the next page begins: at a number of a log; the list remembers its end."""
    if following >= page.end:
        return None
    return Place(after=f"{page.end} {page.log}", skip=following)


def _where(message: pb.ListAuditRecordsRequest, place: Place) -> tuple[int, int | None, str]:
    """Return where a page begins, where the list ends, and in which log that is."""
    if not place.after:
        return message.start, None, message.log
    end, _, log = place.after.partition(" ")
    if message.log not in ("", log):
        raise FieldInvalid.at("log", "Must be that of the first page.")
    return place.skip, int(end), log
