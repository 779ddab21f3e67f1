"""One call of a signing stream: what was sent over it, and the task that reads its answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import grpc

from signward.aio.calls import was_cancelled_here
from signward.errors import Cancelled, Internal, SignwardError, Unavailable
from signward.status import from_rpc_error, from_status
from signward.v1 import sign_service_pb2 as pb

__all__ = ["SignFuture", "StreamCall"]


class SignFuture(asyncio.Future[pb.SignResponse]):
    """The answer to one item; awaiting it returns that or raises ``SignwardError``.

    Attributes:
        id: The item's id in its stream.
    """

    def __init__(self, item: int) -> None:
        super().__init__()
        self.id = item

    def complete(self, answer: pb.SignStreamResponse) -> None:
        """Take the daemon's answer."""
        if not answer.HasField("response"):
            self.fail(from_status(answer.error))
        elif not self.done():
            self.set_result(answer.response)

    def fail(self, failure: SignwardError) -> None:
        """Take the failure; nobody has to look at it."""
        if not self.done():
            self.set_exception(failure)
            self.exception()  # looked at once, so that the loop says nothing of it


class StreamCall:
    """grpc takes requests from a queue; a task reads answers.

    Args:
        method: The generated stub's ``SignStream``.
        timeout: Seconds that the call may live; ``None``: unbounded.
        generation: Which connection it goes over.
        answered: Called with each answer; returns whether its item was in flight.
        ended: Called when the call has ended, and why.

    Attributes:
        pending: The items that are not answered yet, by id; the stream's to keep.
        reader: Is done when the call has ended.
    """

    def __init__(
        self,
        method: grpc.aio.StreamStreamMultiCallable[pb.SignStreamRequest, pb.SignStreamResponse],
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
        self._outbox: asyncio.Queue[pb.SignStreamRequest | None] = asyncio.Queue()
        self._call = method(self._items(), timeout=timeout)
        self.reader = asyncio.create_task(self._read())

    def send(self, message: pb.SignStreamRequest) -> None:
        """Hand over one item."""
        self._outbox.put_nowait(message)

    def half_close(self) -> None:
        """Hand over nothing more."""
        self._outbox.put_nowait(None)

    def cancel(self) -> None:
        """End the call at once."""
        self._outbox.put_nowait(None)
        self._call.cancel()

    async def _items(self) -> AsyncIterator[pb.SignStreamRequest]:
        while (message := await self._outbox.get()) is not None:
            yield message

    async def _read(self) -> None:
        failure: SignwardError = Cancelled("the task that reads the answers was cancelled")
        try:
            failure = await self._answers()
        finally:
            self._outbox.put_nowait(None)
            self._ended(self, failure)

    async def _answers(self) -> SignwardError:
        """Hand over answers until there are no more; return why."""
        try:
            async for answer in self._call:
                if not self._answered(self, answer):
                    self.cancel()
                    return Internal("the daemon answered an item that was not in flight")
        except grpc.RpcError as error:
            return from_rpc_error(error)
        except asyncio.CancelledError:
            if was_cancelled_here():
                raise
            return Cancelled("the connection was closed on this side")
        return Unavailable("the daemon ended the stream")
