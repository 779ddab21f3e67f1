"""Time, callers and calls, as the flows see them."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from signward_server.core.identity import Authentication, Identity

__all__ = ["Call", "Caller", "Clock"]


class Clock(Protocol):
    """Time, passed in so that tests can move it."""

    def now(self) -> datetime:
        """Return the wall-clock time, in UTC."""
        ...

    def time(self) -> float:
        """Return the wall-clock time as seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Return seconds of a clock that never steps back and counts suspended time."""
        ...


class Caller(Protocol):
    """Who asks: as much as a policy sees."""

    @property
    def identity(self) -> Identity:
        """The authenticated caller."""
        ...

    @property
    def authentication(self) -> Authentication:
        """How the caller has shown who it is."""
        ...

    @property
    def address(self) -> str:
        """The peer's IP address; empty over a Unix socket."""
        ...


class Call(Caller, Protocol):
    """One call, or one item of a stream, as the flows see it."""

    @property
    def method(self) -> str:
        """Full name of the RPC, ``/signward.v1.SignService/Sign``."""
        ...

    @property
    def traceparent(self) -> str:
        """W3C trace context of the caller; empty if it sent none."""
        ...

    def ensure_live(self) -> None:
        """Return while the answer is still wanted and the caller still valid.

        Raises:
            DeadlineExceeded: The deadline has passed.
            Cancelled: The caller has gone.
            CertificateInvalid, CertificateRevoked, IdentityUnknown: The caller's certificate
                is not valid any more, by the bundle and the lists in force now (S2, S4).
            ApiKeyExpired, ApiKeyRevoked: Nor is its API key.
        """
        ...
