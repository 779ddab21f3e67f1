"""One SignStream: each message to its item, and the item to its answer."""

from __future__ import annotations

from collections import deque

from signward.v1 import sign_service_pb2 as pb

from signward_server.core.errors import FieldInvalid, MessageTooLarge, SignwardError
from signward_server.core.ports import Clock
from signward_server.core.signing import SignRequest
from signward_server.flows.signing import Signing
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.convert.signing import fill_response, sign_request
from signward_server.rpc.item_calls import ItemCall
from signward_server.rpc.item_stream import Later
from signward_server.rpc.parsing import LastRead, refuse_unknown
from signward_server.rpc.status import status_of

__all__ = ["SignStream"]


class SignStream:
    """Answers the items of one stream.

    Args:
        signing: The signing path.
        call: The call that carries the stream.
        clock: Measures the timeouts of items.
        max_item_bytes: Largest message.
        max_in_flight: How many ids are remembered to refuse their repetition.
        read: Reads messages.
        later: Has something done when an answer is on its way.
    """

    def __init__(
        self,
        *,
        signing: Signing,
        call: GrpcCall,
        clock: Clock,
        max_item_bytes: int,
        max_in_flight: int,
        read: LastRead[pb.SignStreamRequest],
        later: Later,
    ) -> None:
        self._signing = signing
        self._call = call
        self._clock = clock
        self._max_item_bytes = max_item_bytes
        self._recent = _RecentIds(max_in_flight)
        self._read = read
        self._later = later

    def answer(self, data: bytes) -> bytes:
        """Return the answer to one message, a refusal as well."""
        response = pb.SignStreamResponse()
        try:
            item, request = self._item(data, response)
        except SignwardError as error:
            # An item of its own too, so that the stream's own end is told apart from it.
            item = ItemCall(self._call, self._clock, None, "", self._later)
            response.error.CopyFrom(status_of(self._signing.unread(item, error)))
            return response.SerializeToString()
        try:
            fill_response(response.response, self._signing.sign(item, request))
        except SignwardError as error:
            response.error.CopyFrom(status_of(error))
        return response.SerializeToString()

    def _item(self, data: bytes, response: pb.SignStreamResponse) -> tuple[ItemCall, SignRequest]:
        if len(data) > self._max_item_bytes:
            raise MessageTooLarge
        message = self._read.message(data)
        response.id = message.id
        refuse_unknown(message)
        if not self._recent.add(message.id):
            raise FieldInvalid.at("id", "Must not repeat within a stream.")
        timeout = None
        if message.HasField("timeout"):
            timeout = message.timeout.ToNanoseconds() / 1e9
            if timeout <= 0:
                raise FieldInvalid.at("timeout", "Must be above 0.")
        item = ItemCall(self._call, self._clock, timeout, message.traceparent, self._later)
        return item, sign_request(message.request)


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
