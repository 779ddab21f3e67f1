"""Time, callers and calls, as the flows see them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from signward_server.core.identity import Authentication, Identity

if TYPE_CHECKING:  # an entry names its call, and a call takes its entry
    from signward_server.core.ports.audit import AuditEntry, AuditReceipt

__all__ = ["Call", "Caller", "Clock", "Time"]


class Time(Protocol):
    """The time by which what has an end ends; it never goes back (S13)."""

    def now(self) -> datetime:
        """Return it, in UTC."""
        ...


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
    def trace_id(self) -> str:
        """Id of the trace that it belongs to, 32 hexadecimal digits."""
        ...

    @property
    def started(self) -> float:
        """Monotonic seconds at which it began."""
        ...

    def concluded(self, entry: AuditEntry, receipt: AuditReceipt | None) -> None:
        """Take what is recorded of it, for its span and its counts.

        Args:
            entry: The record; not for long, see ``AuditEntry``.
            receipt: Where it stands; ``None`` for a failure, which may only be counted.
        """
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
