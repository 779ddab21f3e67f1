"""A signing stream: many requests in flight on one call, a future for each.

What is in flight is bounded: beyond it ``send`` waits, as the daemon would. When the client has
a new connection, the stream goes on in a call over that one: the old call answers what was sent
over it, and ends.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from copy import copy
from types import TracebackType
from typing import Self

import grpc

from signward.aio.stream_call import SignFuture, StreamCall
from signward.errors import Cancelled, DeadlineExceeded, Internal, SignwardError
from signward.stream import GRACE, MAX_IN_FLIGHT
from signward.stream_call import stream_item
from signward.v1 import sign_service_pb2 as pb

__all__ = ["SignStream"]


class SignStream:
    """An open stream. Tasks may share it. Leaving its context ends it properly.

    Args:
        method: The generated stub's ``SignStream``.
        timeout: Seconds that the stream may live; ``None``: unbounded.
        item_timeout: Seconds for ``sign`` and ``close`` when they name none.
        ready: Waits as a new call has to, and returns which connection new calls go over: a
            number that grows with each new one.
        max_in_flight: Items without an answer, beyond which ``send`` waits; 1 to 256.
    """

    def __init__(
        self,
        method: grpc.aio.StreamStreamMultiCallable[pb.SignStreamRequest, pb.SignStreamResponse],
        *,
        timeout: float | None,
        item_timeout: float,
        ready: Callable[[], Awaitable[int]],
        max_in_flight: int = MAX_IN_FLIGHT,
    ) -> None:
        if not 1 <= max_in_flight <= MAX_IN_FLIGHT:
            raise ValueError("max_in_flight must lie between 1 and 256")
        self._method = method
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._item_timeout = item_timeout
        self._ready = ready
        self._room = asyncio.Semaphore(max_in_flight)
        self._next_id = 1
        self._closing = False
        self._failure: SignwardError | None = None
        self._running: list[StreamCall] = []
        self._newest: StreamCall | None = None  # takes what is sent; none: the next item opens it
        self._lost: tuple[int, SignwardError] | None = None  # the last one's generation and end

    async def send(
        self, request: pb.SignRequest, *, timeout: float | None = None, traceparent: str = ""
    ) -> SignFuture:
        """Send one item; waits while the stream is full.

        Args:
            request: What to sign; see ``raw_request`` and its sisters.
            timeout: Seconds from the daemon's reading until it gives up; ``None``: the stream's.
            traceparent: W3C trace context of this item; empty: the stream's own.

        Raises:
            SignwardError: The stream is closed or broken.
        """
        message = stream_item(request, timeout, traceparent)
        await self._room.acquire()
        try:
            self._ensure_open()
            generation = await self._ready()
            self._ensure_open()
            call = self._call_of(generation)
        except BaseException:
            self._room.release()
            raise
        message.id = self._next_id
        self._next_id += 1
        future = call.pending[message.id] = SignFuture(message.id)
        call.send(message)
        return future

    async def sign(
        self, request: pb.SignRequest, *, timeout: float | None = None
    ) -> pb.SignResponse:
        """Send one item and wait for its answer.

        Raises:
            SignwardError: The item failed, or the stream is closed or broken.
        """
        seconds = self._item_timeout if timeout is None else timeout
        future = await self.send(request, timeout=seconds)
        try:
            return await asyncio.wait_for(future, seconds + GRACE)
        except TimeoutError as error:
            raise DeadlineExceeded("the daemon did not answer the item in time") from error

    async def half_close(self) -> None:
        """Send nothing more; answers to what was sent still arrive."""
        if not self._closing:
            self._closing = True
            for call in self._running:
                call.half_close()

    async def close(self, timeout: float | None = None) -> None:
        """Half-close, wait for the outstanding answers, and end the stream.

        Args:
            timeout: Seconds to wait; then the stream is cancelled and its items fail. ``None``:
                the client's timeout.
        """
        await self.half_close()
        readers = [call.reader for call in self._running]
        if readers:
            seconds = self._item_timeout if timeout is None else timeout
            _, waiting = await asyncio.wait(readers, timeout=seconds)
            if waiting:
                self._break(DeadlineExceeded("the stream was closed before the daemon answered"))

    def cancel(self) -> None:
        """End the stream at once; outstanding items fail with ``Cancelled``."""
        self._break(Cancelled("the stream was cancelled on this side"))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            await self.close()
        else:
            self.cancel()

    def _ensure_open(self) -> None:
        if self._closing:
            raise Cancelled("the stream is closed on this side")
        if self._failure is not None:
            raise copy(self._failure)

    def _call_of(self, generation: int) -> StreamCall:
        """Return the call that takes what is sent; one that is left ends with its answers."""
        if self._newest is not None:
            if self._newest.generation >= generation:
                return self._newest
            self._newest.half_close()
        elif self._lost is not None and self._lost[0] >= generation:
            raise copy(self._lost[1])
        left = None if self._deadline is None else max(0.0, self._deadline - time.monotonic())
        call = self._newest = StreamCall(
            self._method, left, generation, answered=self._complete, ended=self._end
        )
        self._running.append(call)
        return call

    def _complete(self, call: StreamCall, answer: pb.SignStreamResponse) -> bool:
        future = call.pending.pop(answer.id, None)
        if future is None:
            return False
        self._room.release()
        future.complete(answer)
        return True

    def _end(self, call: StreamCall, failure: SignwardError) -> None:
        """Fail what a call has not answered; only over a new connection the stream can go on."""
        self._running.remove(call)
        if call is self._newest:
            self._newest = None
            self._lost = call.generation, failure
            if self._failure is None and isinstance(failure, Internal):
                self._failure = failure
        self._fail(call, self._failure or failure)

    def _break(self, failure: SignwardError) -> None:
        """End the stream for good; the first failure is the one that counts."""
        if self._failure is None:
            self._failure = failure
        for call in self._running:
            self._fail(call, self._failure)
            call.cancel()

    def _fail(self, call: StreamCall, failure: SignwardError) -> None:
        orphans, call.pending = call.pending, {}
        for future in orphans.values():
            self._room.release()
            future.fail(copy(failure))  # each raise adds to a traceback
