"""A signing stream: many requests in flight on one call, a future for each.

One thread reads answers and completes futures; grpc itself takes requests from a queue. What is
in flight is bounded: beyond it ``send`` waits, as the daemon would.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from copy import copy
from queue import SimpleQueue
from types import TracebackType
from typing import Protocol, Self

import grpc

from signward.errors import Cancelled, DeadlineExceeded, Internal, SignwardError, Unavailable
from signward.status import from_rpc_error, from_status
from signward.v1 import sign_service_pb2 as pb

__all__ = ["MAX_IN_FLIGHT", "SignFuture", "SignStream"]

MAX_IN_FLIGHT = 256
_GRACE = 1.0  # seconds beyond an item's own timeout, for the daemon's answer to arrive


class SignFuture(Future[pb.SignResponse]):
    """The answer to one item; ``result()`` returns it or raises ``SignwardError``.

    Attributes:
        id: The item's id in its stream.
    """

    def __init__(self, item: int) -> None:
        super().__init__()
        self.id = item


class _Call(Protocol):
    """What is used of grpc's call object."""

    def __iter__(self) -> Iterator[pb.SignStreamResponse]: ...

    def cancel(self) -> bool: ...


class SignStream:
    """An open stream. Threads may share it. Leaving its context ends it properly.

    Args:
        method: The generated stub's ``SignStream``.
        timeout: Seconds that the stream may live; ``None``: unbounded.
        item_timeout: Seconds for ``sign`` and ``close`` when they name none.
        max_in_flight: Items without an answer, beyond which ``send`` waits; 1 to 256.
    """

    def __init__(
        self,
        method: grpc.StreamStreamMultiCallable[pb.SignStreamRequest, pb.SignStreamResponse],
        *,
        timeout: float | None,
        item_timeout: float,
        max_in_flight: int = MAX_IN_FLIGHT,
    ) -> None:
        if not 1 <= max_in_flight <= MAX_IN_FLIGHT:
            raise ValueError("max_in_flight must lie between 1 and 256")
        self._item_timeout = item_timeout
        self._limit = max_in_flight
        self._changed = threading.Condition()
        self._pending: dict[int, SignFuture] = {}
        self._next_id = 1
        self._closing = False
        self._failure: SignwardError | None = None
        self._outbox: SimpleQueue[pb.SignStreamRequest | None] = SimpleQueue()
        self._call: _Call = method(iter(self._outbox.get, None), timeout)
        self._reader = threading.Thread(target=self._read, name="signward-stream", daemon=True)
        self._reader.start()

    def send(
        self, request: pb.SignRequest, *, timeout: float | None = None, traceparent: str = ""
    ) -> SignFuture:
        """Send one item; waits while the stream is full.

        Callbacks of the future run on the stream's reading thread and must not send or wait.

        Args:
            request: What to sign; see ``raw_request`` and ``order_request``.
            timeout: Seconds from the daemon's reading until it gives up; ``None``: the stream's.
            traceparent: W3C trace context of this item; empty: the stream's own.

        Raises:
            SignwardError: The stream is closed or broken.
        """
        message = pb.SignStreamRequest(request=request, traceparent=traceparent)
        if timeout is not None:
            message.timeout.FromNanoseconds(int(timeout * 1e9))
        with self._changed:
            while len(self._pending) >= self._limit and self._is_open():
                self._changed.wait()
            if self._closing:
                raise Cancelled("the stream is closed on this side")
            if self._failure is not None:
                raise copy(self._failure)
            message.id = self._next_id
            self._next_id += 1
            future = SignFuture(message.id)
            future.set_running_or_notify_cancel()  # what was sent cannot be taken back
            self._pending[message.id] = future
            self._outbox.put(message)
        return future

    def sign(self, request: pb.SignRequest, *, timeout: float | None = None) -> pb.SignResponse:
        """Send one item and wait for its answer.

        Raises:
            SignwardError: The item failed, or the stream is closed or broken.
        """
        seconds = self._item_timeout if timeout is None else timeout
        future = self.send(request, timeout=seconds)
        try:
            return future.result(seconds + _GRACE)
        except TimeoutError as error:
            raise DeadlineExceeded("the daemon did not answer the item in time") from error

    def half_close(self) -> None:
        """Send nothing more; answers to what was sent still arrive."""
        with self._changed:
            if not self._closing:
                self._closing = True
                self._outbox.put(None)
                self._changed.notify_all()

    def close(self, timeout: float | None = None) -> None:
        """Half-close, wait for the outstanding answers, and end the stream.

        Args:
            timeout: Seconds to wait; then the stream is cancelled and its items fail. ``None``:
                the client's timeout.
        """
        self.half_close()
        self._reader.join(self._item_timeout if timeout is None else timeout)
        if self._reader.is_alive():
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

    def _read(self) -> None:
        """Complete futures until the call ends; then fail those that are left."""
        try:
            for answer in self._call:
                if not self._complete(answer):
                    self._break(Internal("the daemon answered an item that was not in flight"))
                    return
            self._break(Unavailable("the daemon ended the stream"), cancel=False)
        except grpc.RpcError as error:
            self._break(from_rpc_error(error), cancel=False)

    def _complete(self, answer: pb.SignStreamResponse) -> bool:
        with self._changed:
            future = self._pending.pop(answer.id, None)
            self._changed.notify()
        if future is None:
            return False
        if answer.HasField("response"):
            future.set_result(answer.response)
        else:
            future.set_exception(from_status(answer.error))
        return True

    def _break(self, failure: SignwardError, *, cancel: bool = True) -> None:
        """End the stream for good; the first failure is the one that counts."""
        with self._changed:
            if self._failure is None:
                self._failure = failure
            failure = self._failure
            orphans, self._pending = self._pending, {}
            self._outbox.put(None)
            self._changed.notify_all()
        if cancel:
            self._call.cancel()
        for future in orphans.values():
            future.set_exception(copy(failure))  # each raise adds to a traceback
