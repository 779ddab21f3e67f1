"""One item of a batch or of a stream, as the flows see it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from signward_server.core.errors import DeadlineExceeded, IdentityMissing
from signward_server.core.ports import AuditEntry, AuditReceipt, Clock, Trace
from signward_server.rpc.call import GrpcCall, well_formed

__all__ = ["BatchCall", "ItemCall"]

_LOOK_AGAIN = 0.001  # seconds


class BatchCall:
    """The call of a batch, as its items see it.

    Asking gRPC whether the caller is still there takes a tenth of what an item takes, so it
    is done once in a millisecond. Deadline and standing are looked at for each item (S4).

    Args:
        call: The call that carries the batch.
        clock: Measures both.
    """

    __slots__ = (
        "_call",
        "_clock",
        "_deadline",
        "_next",
        "_standing",
        "_told",
        "_trace",
        "address",
        "authentication",
        "identity",
        "method",
        "started",
        "trace_id",
    )

    def __init__(self, call: GrpcCall, clock: Clock) -> None:
        if call.standing is None:
            raise IdentityMissing
        self._standing = call.standing
        self._told = call.told
        self._trace = call.trace
        self.identity = call.identity
        self.authentication = call.authentication
        self.address = call.address
        self.method = call.method
        self.trace_id = call.trace_id
        self._call = call
        self._clock = clock
        self.started = self._next = clock.monotonic()
        self._deadline = self._next + call.time_remaining()

    def concluded(self, entry: AuditEntry, receipt: AuditReceipt | None) -> None:
        """Pass on what is recorded of an item; see ``ports.Call``."""
        told = self._told
        told.item(self._call, told.spans.child(self._trace), entry, receipt)

    def ensure_live(self) -> None:
        """Return while the answer is still wanted; see ``ports.Call``."""
        now = self._clock.monotonic()
        if now >= self._deadline:
            raise DeadlineExceeded
        if now >= self._next:
            self._call.ensure_live()
            self._next = now + _LOOK_AGAIN
        else:
            self._standing.ensure_valid()


class ItemCall:
    """One item of a stream: its own timeout and trace context, all else of the stream.

    It is made right after the stream was asked whether it lives, which holds for a millisecond,
    as in a ``BatchCall``. Timeout and standing are looked at each time (S4).

    Args:
        stream: The call that carries the item.
        clock: Measures the timeout.
        timeout: Seconds from now, ``None`` for no more than the stream's own.
        traceparent: W3C trace context of the item; empty takes the stream's.
        later: Has something done when the answer is on its way; at once if left out.
    """

    __slots__ = (
        "_clock",
        "_deadline",
        "_later",
        "_stream",
        "_trace",
        "_traceparent",
        "authentication",
        "identity",
        "method",
        "started",
    )

    def __init__(
        self,
        stream: GrpcCall,
        clock: Clock,
        timeout: float | None,
        traceparent: str,
        later: Callable[[Callable[[], None]], None] | None = None,
    ) -> None:
        self.identity = stream.identity
        self.authentication = stream.authentication
        self.method = stream.method
        self._stream = stream
        self._clock = clock
        self.started = clock.monotonic()
        self._deadline = math.inf if timeout is None else self.started + timeout
        self._traceparent = traceparent
        self._trace: Trace | None = None
        self._later = later

    @property
    def trace(self) -> Trace:
        """Where it stands in a trace; decided when somebody asks."""
        trace = self._trace
        if trace is None:
            spans = self._stream.told.spans
            trace = spans.child(self._stream.trace, well_formed(self._traceparent))
            self._trace = trace
        return trace

    @property
    def trace_id(self) -> str:
        """Id of its trace."""
        return self.trace.trace_id

    def concluded(self, entry: AuditEntry, receipt: AuditReceipt | None) -> None:
        """Pass on what is recorded of it; see ``ports.Call``."""
        stream = self._stream
        tell = partial(stream.told.item, stream, self.trace, entry, receipt)
        if self._later is None:
            tell()
        else:
            self._later(tell)

    @property
    def address(self) -> str:
        """The peer's IP address; empty over a Unix socket."""
        return self._stream.address

    def ensure_live(self) -> None:
        """Return while the answer is still wanted; see ``ports.Call``."""
        now = self._clock.monotonic()
        if now >= self._deadline:
            raise DeadlineExceeded
        standing = self._stream.standing
        if standing is None or now >= self.started + _LOOK_AGAIN:
            self._stream.ensure_live()
        else:
            standing.ensure_valid()
