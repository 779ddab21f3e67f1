"""One call, as the flows see it."""

from __future__ import annotations

import re
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

__all__ = ["GrpcCall", "Told", "well_formed"]

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
                return well_formed(text)
        return ""


def well_formed(traceparent: str) -> str:
    """Return a trace context as it is, nothing if it is malformed."""
    return traceparent if traceparent and _TRACEPARENT_FORM.fullmatch(traceparent) else ""
