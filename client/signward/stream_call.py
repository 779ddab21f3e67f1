"""One call of a signing stream: what was sent over it, and the thread that reads its answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TYPE_CHECKING, Protocol

import grpc

from signward.errors import Internal, SignwardError, Unavailable
from signward.status import from_rpc_error, from_status
from signward.v1 import sign_service_pb2 as pb

if TYPE_CHECKING:
    from typing import TypeAlias

    StreamMethod: TypeAlias = grpc.StreamStreamMultiCallable[
        pb.SignStreamRequest, pb.SignStreamResponse
    ]

__all__ = ["SignFuture", "StreamCall", "stream_item"]


def stream_item(
    request: pb.SignRequest, timeout: float | None, traceparent: str
) -> pb.SignStreamRequest:
    """Return the message of one item, its id yet to be given; arguments as for ``send``."""
    message = pb.SignStreamRequest(request=request, traceparent=traceparent)
    if timeout is not None:
        message.timeout.FromNanoseconds(int(timeout * 1e9))
    return message


class SignFuture(Future[pb.SignResponse]):
    """The answer to one item; ``result()`` returns it or raises ``SignwardError``.

    Attributes:
        id: The item's id in its stream.
    """

    def __init__(self, item: int) -> None:
        super().__init__()
        self.id = item

    def complete(self, answer: pb.SignStreamResponse) -> None:
        """Take the daemon's answer."""
        if answer.HasField("response"):
            self.set_result(answer.response)
        else:
            self.set_exception(from_status(answer.error))


class _Call(Protocol):
    """What is used of grpc's call object."""

    def __iter__(self) -> Iterator[pb.SignStreamResponse]: ...

    def cancel(self) -> bool: ...


class StreamCall:
    """grpc takes requests from a queue; a thread reads answers.

    Args:
        method: The generated stub's ``SignStream``.
        timeout: Seconds that the call may live; ``None``: unbounded.
        generation: Which connection it goes over.
        answered: Called with each answer; returns whether its item was in flight.
        ended: Called when the call has ended, and why.

    Attributes:
        pending: The items that are not answered yet, by id; the stream's to keep.
    """

    def __init__(
        self,
        method: StreamMethod,
        timeout: float | None,
        generation: int,
        *,
        answered: Callable[[StreamCall, pb.SignStreamResponse], bool],
        ended: Callable[[StreamCall, SignwardError], None],
    ) -> None:
        self.generation = generation
        self.pending: dict[int, SignFuture] = {}
        self._answered = answered
        self._ended = ended
        self._outbox: SimpleQueue[pb.SignStreamRequest | None] = SimpleQueue()
        self._call: _Call | None = method(iter(self._outbox.get, None), timeout)
        self._reader = threading.Thread(target=self._read, name="signward-stream", daemon=True)
        self._reader.start()

    def send(self, message: pb.SignStreamRequest) -> None:
        """Hand over one item."""
        self._outbox.put(message)

    def half_close(self) -> None:
        """Hand over nothing more."""
        self._outbox.put(None)

    def cancel(self) -> None:
        """End the call at once."""
        self._outbox.put(None)
        if (call := self._call) is not None:
            call.cancel()

    def join(self, timeout: float) -> bool:
        """Wait until it has ended; return whether it has."""
        self._reader.join(timeout)
        return not self._reader.is_alive()

    def _read(self) -> None:
        failure = self._answers()
        self._outbox.put(None)
        self._call = None  # and with it the connection, if it is an old one
        self._ended(self, failure)

    def _answers(self) -> SignwardError:
        """Hand over answers until there are no more; return why."""
        call = self._call
        try:
            for answer in call or ():
                if not self._answered(self, answer):
                    self.cancel()
                    return Internal("the daemon answered an item that was not in flight")
        except grpc.RpcError as error:
            return from_rpc_error(error)
        return Unavailable("the daemon ended the stream")
