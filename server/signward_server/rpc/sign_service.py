"""SignService: messages to flows and back. The hot path runs through here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext

from signward.v1 import sign_service_pb2 as pb

from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import FieldInvalid, SignwardError
from signward_server.core.method_classes import MethodClass
from signward_server.core.ports import Clock
from signward_server.core.signing import SignRequest
from signward_server.flows.access import APPROVE_AGENT, VIEW_KEY
from signward_server.flows.signing import Signing
from signward_server.flows.verifying import VERIFY, Verifying
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.convert.signing import fill_response, sign_request, verify_request
from signward_server.rpc.item_calls import BatchCall
from signward_server.rpc.item_stream import NUDGE, later_of
from signward_server.rpc.parsing import LastRead, has_unknown_fields, parse, read, refuse_unknown
from signward_server.rpc.routes import Route
from signward_server.rpc.sign_stream import SignStream
from signward_server.rpc.status import status_of
from signward_server.rpc.turn import Turn
from signward_server.rpc.waiting import may_wait

__all__ = ["SignService"]

_SERVICE = "/signward.v1.SignService/"
_SIGNING = (VIEW_KEY, APPROVE_AGENT, "Sign*"), MethodClass.SIGN, AuditEvent.SIGNATURE
_VERIFYING = (VIEW_KEY, VERIFY), MethodClass.VERIFY, AuditEvent.FAILURE
_MAX_ITEMS = 256
_PATIENCE = 0.1  # seconds
_SWIFT_SIZE = 4096  # hashing more takes longer than waking a thread


class SignService:
    """The RPCs of SignService.

    Args:
        signing: The signing path.
        verifying: Checks signatures.
        clock: Measures the timeouts of stream items.
        max_item_bytes: Largest message of a stream.
        max_in_flight: How many ids of a stream are remembered to refuse their repetition.
    """

    def __init__(
        self,
        *,
        signing: Signing,
        verifying: Verifying,
        clock: Clock,
        max_item_bytes: int,
        max_in_flight: int,
    ) -> None:
        self._signing = signing
        self._verifying = verifying
        self._clock = clock
        self._max_item_bytes = max_item_bytes
        self._max_in_flight = max_in_flight
        # What the serving thread looks at, it answers right after if it is swift.
        self._requests = LastRead(pb.SignRequest)
        self._items = LastRead(pb.SignStreamRequest)
        self._turn = Turn(_PATIENCE)

    def routes(self) -> list[Route]:
        """Return its RPCs."""
        return [
            Route(_SERVICE + "Sign", *_SIGNING, unary=self._sign, swift=self._is_swift),
            Route(_SERVICE + "SignBatch", *_SIGNING, unary=self._sign_batch, is_batch=True),
            Route(
                _SERVICE + "SignStream",
                *_SIGNING,
                streaming=self._sign_stream,
                by_item=True,
                swift=self._is_swift_item,
            ),
            Route(_SERVICE + "Verify", *_VERIFYING, unary=self._verify),
        ]

    def _sign(self, data: bytes, call: GrpcCall) -> bytes:
        try:
            message = self._requests.message(data)
            refuse_unknown(message)
            request = sign_request(message)
        except SignwardError as error:
            raise self._signing.unread(call, error) from None
        response = pb.SignResponse()
        fill_response(response, self._signing.sign(call, request))
        return response.SerializeToString()

    def _is_swift(self, data: bytes) -> bool:
        if len(data) > _SWIFT_SIZE:
            return False
        try:
            message = self._requests.look(data)
        except SignwardError:
            return False  # a thread finds out again, and answers
        return not may_wait(message) and self._signs_swiftly(message.key, message.version)

    def _is_swift_item(self, data: bytes) -> bool:
        if len(data) > _SWIFT_SIZE:
            return False
        try:
            message = self._items.look(data).request
        except SignwardError:
            return False
        return not may_wait(message) and self._signs_swiftly(message.key, message.version)

    def _signs_swiftly(self, key: str, version: int) -> bool:
        try:
            return self._signing.is_swift(key, version)
        except SignwardError:
            return False

    def _sign_batch(self, data: bytes, call: GrpcCall) -> bytes:
        try:
            items = _items(data)
        except SignwardError as error:
            raise self._signing.unread(call, error) from None
        with self._turn.taken() if self._only_computes(items) else nullcontext():
            return self._signed(items, call)

    def _only_computes(self, items: Sequence[SignRequest | SignwardError]) -> bool:
        """Return whether signing a batch waits for nothing, as far as can be seen."""
        keys = set()
        for item in items:
            if isinstance(item, SignRequest):
                if item.request_id:
                    return False
                keys.add((item.key, item.version))
        return all(self._signs_swiftly(*key) for key in keys)

    def _signed(self, items: Sequence[SignRequest | SignwardError], call: GrpcCall) -> bytes:
        response = pb.SignBatchResponse()
        for outcome in self._signing.sign_each(BatchCall(call, self._clock), items):
            result = response.results.add()
            if isinstance(outcome, SignwardError):
                result.error.CopyFrom(status_of(outcome))
            else:
                fill_response(result.response, outcome)
        return response.SerializeToString()

    def _sign_stream(self, requests: Iterator[bytes], call: GrpcCall) -> Iterator[bytes]:
        """Answer item by item, in the order of arrival.

        The next message is read when the answer has been handed to the transport, at most
        one before that, so that a caller who does not read is held back by the flow control
        of HTTP/2 and never makes the daemon buffer.
        """
        stream = SignStream(
            signing=self._signing,
            call=call,
            clock=self._clock,
            max_item_bytes=self._max_item_bytes,
            max_in_flight=self._max_in_flight,
            read=self._items,
            later=later_of(requests),
        )
        for data in requests:
            call.ensure_live()
            yield data if data is NUDGE else stream.answer(data)

    def _verify(self, data: bytes, call: GrpcCall) -> bytes:
        request = verify_request(parse(pb.VerifyRequest, data))
        found = self._verifying.verify(call, request)
        return pb.VerifyResponse(
            valid=found.valid, version=found.version, reason=found.reason
        ).SerializeToString()


def _items(data: bytes) -> list[SignRequest | SignwardError]:
    """Convert the items of a batch; one that cannot be taken becomes its error.

    Looking for unknown fields discards them, so the message is only looked at item by item,
    read once more, when it has any.

    Raises:
        PayloadMalformed: The batch itself is malformed.
        FieldInvalid: It has no items, too many, or fields that this daemon does not know.
    """
    message = read(pb.SignBatchRequest, data)
    if not 1 <= len(message.requests) <= _MAX_ITEMS:
        raise FieldInvalid.at("requests", f"Must have 1 to {_MAX_ITEMS} items.")
    if not has_unknown_fields(message):
        return [_item(item, clean=True) for item in message.requests]
    again = read(pb.SignBatchRequest, data)
    items = [_item(item, clean=False) for item in again.requests]
    refuse_unknown(again)
    return items


def _item(message: pb.SignRequest, *, clean: bool) -> SignRequest | SignwardError:
    try:
        if not clean:
            refuse_unknown(message)
        return sign_request(message)
    except SignwardError as error:
        return error
