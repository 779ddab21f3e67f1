"""A signing stream: many requests in flight on one call, a future for each.

What is in flight is bounded: beyond it ``send`` waits, as the daemon would. When the client has
a new connection, the stream goes on in a call over that one: the old call answers what was sent
over it, and ends.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from copy import copy
from types import TracebackType
from typing import Self

import grpc

from signward.errors import Cancelled, DeadlineExceeded, Internal, SignwardError
from signward.stream_call import SignFuture, StreamCall, stream_item
from signward.v1 import sign_service_pb2 as pb

__all__ = ["GRACE", "MAX_IN_FLIGHT", "SignFuture", "SignStream"]

MAX_IN_FLIGHT = 256
GRACE = 1.0  # seconds beyond an item's own timeout, for the daemon's answer to arrive


class SignStream:
    """An open stream. Threads may share it. Leaving its context ends it properly.

    Args:
        method: The generated stub's ``SignStream``.
        timeout: Seconds that the stream may live; ``None``: unbounded.
        item_timeout: Seconds for ``sign`` and ``close`` when they name none.
        max_in_flight: Items without an answer, beyond which ``send`` waits; 1 to 256.
        generation: Which connection new calls go over: a number that grows with each new one.
    """

    def __init__(
        self,
        method: grpc.StreamStreamMultiCallable[pb.SignStreamRequest, pb.SignStreamResponse],
        *,
        timeout: float | None,
        item_timeout: float,
        max_in_flight: int = MAX_IN_FLIGHT,
        generation: Callable[[], int] = lambda: 0,
    ) -> None:
        if not 1 <= max_in_flight <= MAX_IN_FLIGHT:
            raise ValueError("max_in_flight must lie between 1 and 256")
        self._method = method
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._item_timeout = item_timeout
        self._limit = max_in_flight
        self._generation = generation
        self._changed = threading.Condition()
        self._next_id = 1
        self._closing = False
        self._failure: SignwardError | None = None
        self._running: list[StreamCall] = []
        self._newest: StreamCall | None = None  # takes what is sent; none: the next item opens it
        first = generation()
        with self._changed:
            self._go_on(first)

    def send(
        self, request: pb.SignRequest, *, timeout: float | None = None, traceparent: str = ""
    ) -> SignFuture:
        """Send one item; waits while the stream is full.

        Callbacks of the future run on the stream's reading thread and must not send or wait.

        Args:
            request: What to sign; see ``raw_request`` and its sisters.
            timeout: Seconds from the daemon's reading until it gives up; ``None``: the stream's.
            traceparent: W3C trace context of this item; empty: the stream's own.

        Raises:
            SignwardError: The stream is closed or broken.
        """
        message = stream_item(request, timeout, traceparent)
        generation = self._generation()
        with self._changed:
            while self._in_flight() >= self._limit and self._is_open():
                self._changed.wait()
            if self._closing:
                raise Cancelled("the stream is closed on this side")
            if self._failure is not None:
                raise copy(self._failure)
            call = self._newest
            if call is None or call.generation < generation:
                call = self._go_on(generation)
            message.id = self._next_id
            self._next_id += 1
            future = SignFuture(message.id)
            future.set_running_or_notify_cancel()  # what was sent cannot be taken back
            call.pending[message.id] = future
            call.send(message)
        return future

    def sign(self, request: pb.SignRequest, *, timeout: float | None = None) -> pb.SignResponse:
        """Send one item and wait for its answer.

        Raises:
            SignwardError: The item failed, or the stream is closed or broken.
        """
        seconds = self._item_timeout if timeout is None else timeout
        future = self.send(request, timeout=seconds)
        try:
            return future.result(seconds + GRACE)
        except TimeoutError as error:
            raise DeadlineExceeded("the daemon did not answer the item in time") from error

    def half_close(self) -> None:
        """Send nothing more; answers to what was sent still arrive."""
        with self._changed:
            if not self._closing:
                self._closing = True
                for call in self._running:
                    call.half_close()
                self._changed.notify_all()

    def close(self, timeout: float | None = None) -> None:
        """Half-close, wait for the outstanding answers, and end the stream.

        Args:
            timeout: Seconds to wait; then the stream is cancelled and its items fail. ``None``:
                the client's timeout.
        """
        self.half_close()
        end = time.monotonic() + (self._item_timeout if timeout is None else timeout)
        with self._changed:
            running = list(self._running)
        if not all(call.join(max(0.0, end - time.monotonic())) for call in running):
            self._break(DeadlineExceeded("the stream was closed before the daemon answered"))

    def cancel(self) -> None:
        """End the stream at once; outstanding items fail with ``Cancelled``."""
        self._break(Cancelled("the stream was cancelled on this side"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.cancel()

    def _is_open(self) -> bool:
        return self._failure is None and not self._closing

    def _in_flight(self) -> int:
        return sum(len(call.pending) for call in self._running)

    def _go_on(self, generation: int) -> StreamCall:
        """Open a call for what is sent from now on; the one before ends with its answers."""
        if self._newest is not None:
            self._newest.half_close()
        left = None if self._deadline is None else max(0.0, self._deadline - time.monotonic())
        call = self._newest = StreamCall(
            self._method, left, generation, answered=self._complete, ended=self._end
        )
        self._running.append(call)
        return call

    def _complete(self, call: StreamCall, answer: pb.SignStreamResponse) -> bool:
        with self._changed:
            future = call.pending.pop(answer.id, None)
            self._changed.notify()
        if future is not None:
            future.complete(answer)
        return future is not None

    def _end(self, call: StreamCall, failure: SignwardError) -> None:
        """Fail what a call has not answered; the stream ends too, unless it can go on elsewhere."""
        can_go_on = (
            not self._closing
            and not isinstance(failure, Internal)
            and self._generation() > call.generation
        )
        with self._changed:
            self._running.remove(call)
            orphans, call.pending = call.pending, {}
            if call is self._newest:
                self._newest = None
                if self._failure is None and not can_go_on:
                    self._failure = failure
            self._changed.notify_all()
        _fail(orphans, self._failure or failure)

    def _break(self, failure: SignwardError) -> None:
        """End the stream for good; the first failure is the one that counts."""
        with self._changed:
            if self._failure is None:
                self._failure = failure
            failure = self._failure
            running = list(self._running)
            orphans: dict[int, SignFuture] = {}
            for call in running:
                orphans |= call.pending
                call.pending = {}
            self._changed.notify_all()
        for call in running:
            call.cancel()
        _fail(orphans, failure)


def _fail(orphans: dict[int, SignFuture], failure: SignwardError) -> None:
    for future in orphans.values():
        future.set_exception(copy(failure))  # each raise adds to a traceback
