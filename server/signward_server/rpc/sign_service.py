"""SignService: messages to flows and back. The hot path runs through here."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from google.protobuf.message import DecodeError
from signward.v1 import sign_service_pb2 as pb

from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import FieldInvalid, MessageTooLarge, SignwardError
from signward_server.core.method_classes import MethodClass
from signward_server.core.ports import Clock
from signward_server.core.signing import SignRequest
from signward_server.flows.access import VIEW_KEY
from signward_server.flows.signing import Signing
from signward_server.flows.verifying import VERIFY, Verifying
from signward_server.rpc.call import BatchCall, GrpcCall, ItemCall
from signward_server.rpc.convert.signing import fill_response, sign_request, verify_request
from signward_server.rpc.parsing import has_unknown_fields, parse, read, refuse_unknown
from signward_server.rpc.routes import Route
from signward_server.rpc.status import status_of

__all__ = ["SignService"]

_SERVICE = "/signward.v1.SignService/"
_SIGNING = (VIEW_KEY, "Sign*"), MethodClass.SIGN, AuditEvent.SIGNATURE
_VERIFYING = (VIEW_KEY, VERIFY), MethodClass.VERIFY, AuditEvent.FAILURE
_MAX_ITEMS = 256
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
        # What the serving thread has parsed last: a swift call is answered right after.
        self._looked_at: tuple[bytes, pb.SignRequest] | None = None

    def routes(self) -> list[Route]:
        """Return its RPCs."""
        return [
            Route(_SERVICE + "Sign", *_SIGNING, unary=self._sign, swift=self._is_swift),
            Route(_SERVICE + "SignBatch", *_SIGNING, unary=self._sign_batch, is_batch=True),
            Route(_SERVICE + "SignStream", *_SIGNING, streaming=self._sign_stream),
            Route(_SERVICE + "Verify", *_VERIFYING, unary=self._verify),
        ]

    def _sign(self, data: bytes, call: GrpcCall) -> bytes:
        try:
            request = sign_request(self._parsed(data))
        except SignwardError as error:
            raise self._signing.unread(call, error) from None
        response = pb.SignResponse()
        fill_response(response, self._signing.sign(call, request))
        return response.SerializeToString()

    def _parsed(self, data: bytes) -> pb.SignRequest:
        """Parse a request, unless ``_is_swift`` just has."""
        looked_at = self._looked_at
        if looked_at is None or looked_at[0] is not data:
            return parse(pb.SignRequest, data)
        self._looked_at = None
        refuse_unknown(looked_at[1])
        return looked_at[1]

    def _is_swift(self, data: bytes) -> bool:
        if len(data) > _SWIFT_SIZE:
            return False
        try:
            message = pb.SignRequest.FromString(data)
            self._looked_at = (data, message)
            return not message.request_id and self._signing.is_swift(message.key, message.version)
        except (DecodeError, SignwardError):
            return False  # a thread finds out again, and answers

    def _sign_batch(self, data: bytes, call: GrpcCall) -> bytes:
        try:
            items = _items(data)
        except SignwardError as error:
            raise self._signing.unread(call, error) from None
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

        At most one further item is read before an answer has been handed to the transport,
        so that a caller who does not read is held back by the flow control of HTTP/2 and
        never makes the daemon buffer.
        """
        recent = _RecentIds(self._max_in_flight)
        for data in requests:
            call.ensure_live()
            response = pb.SignStreamResponse()
            try:
                item, request = self._read_item(data, call, recent, response)
            except SignwardError as error:
                response.error.CopyFrom(status_of(self._signing.unread(call, error)))
                yield response.SerializeToString()
                continue
            try:
                fill_response(response.response, self._signing.sign(item, request))
            except SignwardError as error:
                response.error.CopyFrom(status_of(error))
            yield response.SerializeToString()

    def _read_item(
        self, data: bytes, call: GrpcCall, recent: _RecentIds, response: pb.SignStreamResponse
    ) -> tuple[ItemCall, SignRequest]:
        if len(data) > self._max_item_bytes:
            raise MessageTooLarge
        message = read(pb.SignStreamRequest, data)
        response.id = message.id
        refuse_unknown(message)
        if not recent.add(message.id):
            raise FieldInvalid.at("id", "Must not repeat within a stream.")
        timeout = None
        if message.HasField("timeout"):
            timeout = message.timeout.ToNanoseconds() / 1e9
            if timeout <= 0:
                raise FieldInvalid.at("timeout", "Must be above 0.")
        item = ItemCall(call, self._clock, timeout, message.traceparent)
        return item, sign_request(message.request)

    def _verify(self, data: bytes, call: GrpcCall) -> bytes:
        request = verify_request(parse(pb.VerifyRequest, data))
        found = self._verifying.verify(call, request)
        return pb.VerifyResponse(
            valid=found.valid, version=found.version, reason=found.reason
        ).SerializeToString()


class _RecentIds:
    """The last ids of a stream, as many as may be in flight."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._order: deque[int] = deque()
        self._known: set[int] = set()

    def add(self, number: int) -> bool:
        """Remember an id; return false when it is known already."""
        if number in self._known:
            return False
        self._known.add(number)
        self._order.append(number)
        if len(self._order) > self._size:
            self._known.discard(self._order.popleft())
        return True


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
