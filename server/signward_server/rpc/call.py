"""One call, or one item of a stream, as the flows see it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import partial
from typing import Protocol

import grpc

from signward_server.core.errors import (
    Cancelled,
    DeadlineExceeded,
    IdentityMissing,
)
from signward_server.core.identity import Authentication, Identity
from signward_server.core.ports import AuditEntry, AuditReceipt, Clock, Spans, Trace
from signward_server.rpc.peer import address_of
from signward_server.rpc.standing import Standing

__all__ = ["BatchCall", "GrpcCall", "ItemCall", "Told"]

_LOOK_AGAIN = 0.001  # seconds

_TRACEPARENT = "traceparent"
# https://www.w3.org/TR/trace-context/#traceparent-header, version 00
_TRACEPARENT_FORM = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class Told(Protocol):
    """Is told of what becomes of calls; see ``rpc.endings``."""

    clock: Clock
    spans: Spans

    def item(
        self, call: GrpcCall, trace: Trace, entry: AuditEntry, receipt: AuditReceipt | None
    ) -> None:
        """Take an item of a batch or stream that has ended."""
        ...


class GrpcCall:
    """A call on a grpcio context; implements ``ports.Call``.

    Attributes:
        context: grpcio's context; interceptors alone touch it.
        method: Full name of the RPC.
        standing: What the caller has shown, set by the identity interceptor.
        told: Is told of the items that it carries.
        started: See ``ports.Call``.
        entry: What was recorded last of it, items of its own excepted.
        receipt: Where.
    """

    __slots__ = (
        "_address",
        "_name",
        "_trace",
        "context",
        "entry",
        "method",
        "receipt",
        "standing",
        "started",
        "told",
    )

    def __init__(self, context: grpc.ServicerContext, method: str, told: Told) -> None:
        self.context = context
        self.method = method
        self.standing: Standing | None = None
        self.told = told
        self.started = told.clock.monotonic()
        self.entry: AuditEntry | None = None
        self.receipt: AuditReceipt | None = None
        self._address: str | None = None
        self._name = ""
        self._trace: Trace | None = None

    @property
    def identity(self) -> Identity:
        """The authenticated caller.

        Raises:
            IdentityMissing: The identity interceptor has not been passed.
        """
        if self.standing is None:
            raise IdentityMissing
        return self.standing.identity

    @property
    def authentication(self) -> Authentication:
        """How the caller has shown who it is.

        Raises:
            IdentityMissing: The identity interceptor has not been passed.
        """
        if self.standing is None:
            raise IdentityMissing
        return self.standing.authentication

    @property
    def address(self) -> str:
        """The peer's IP address; empty over a Unix socket. Asked for by each item."""
        address = self._address
        if address is None:
            address = self._address = address_of(self.context.peer())
        return address

    @property
    def name(self) -> str:
        """The caller as text; raises as ``identity``. Asked for by each item."""
        if not self._name:
            self._name = str(self.identity)
        return self._name

    @property
    def trace(self) -> Trace:
        """Where it stands in a trace; decided when somebody asks."""
        trace = self._trace
        if trace is None:
            trace = self._trace = self.told.spans.start(self._traceparent())
        return trace

    @property
    def trace_id(self) -> str:
        """Id of its trace."""
        return self.trace.trace_id

    def concluded(self, entry: AuditEntry, receipt: AuditReceipt | None) -> None:
        """Keep what is recorded of it; see ``ports.Call``."""
        self.entry = entry
        self.receipt = receipt

    def time_remaining(self) -> float:
        """Return the seconds until the deadline; 0 after it, many if there is none."""
        return self.context.time_remaining()

    def ensure_live(self) -> None:
        """Return while the answer is still wanted; see ``ports.Call``."""
        if self.time_remaining() <= 0:
            raise DeadlineExceeded
        if not self.context.is_active():
            raise Cancelled
        if self.standing is None:
            raise IdentityMissing
        self.standing.ensure_valid()

    def _traceparent(self) -> str:
        """Return the caller's trace context; empty if it sent none, or a malformed one."""
        for name, text in self.context.invocation_metadata():
            if name == _TRACEPARENT and isinstance(text, str):
                return _well_formed(text)
        return ""


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
            trace = spans.child(self._stream.trace, _well_formed(self._traceparent))
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


def _well_formed(traceparent: str) -> str:
    """Return a trace context as it is, nothing if it is malformed."""
    return traceparent if traceparent and _TRACEPARENT_FORM.fullmatch(traceparent) else ""
