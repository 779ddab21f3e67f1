"""The record of what was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from signward_server.core.audit_events import AuditEvent, Decision
from signward_server.core.keys import CustodyKind, Purpose
from signward_server.core.ports.calls import Call
from signward_server.core.signing import Intent
from signward_server.core.value import value

__all__ = ["Audit", "AuditEntry", "AuditLog", "AuditLogs", "AuditReceipt"]


@value
class AuditEntry:
    """What is recorded of one call or item.

    Attributes:
        event: The kind of record.
        call: The call that it belongs to: who, from where, since when. Whoever takes an
            entry keeps no call after returning, since a call holds its HTTP/2 stream.
        action: Policy action; empty if none was asked for.
        key: Key id, empty if none.
        version: Key version, 0 if none.
        outcome: ``OK`` or the reason of the error.
        decision: What the policies said.
        policies: Ids of those that decided.
        policy_set: Hash of the set that was asked, empty if none was.
        intent: What was to be signed, decoded.
        signed_digest: SHA-256 of the signed bytes, empty if nothing was signed.
        request_id: The caller's name for the request, empty if none.
        note: The caller's reason, for what has one.
        purpose: Of the key, for spans and metrics; ``None`` if it is not known.
        custody: Of the key, as ``purpose``.
        started: Monotonic seconds at which the item began; 0 for when its call did.
        more: Further Intents of the same payload, in order.
        nonce: Nonce that it was signed with, 0 for none.
        approver: Who approved exactly this, in typed form; empty for nobody (S15).
    """

    event: AuditEvent
    call: Call
    action: str
    key: str
    version: int
    outcome: str
    decision: Decision = Decision.UNASKED
    policies: tuple[str, ...] = ()
    policy_set: str = ""
    intent: Intent | None = None
    signed_digest: bytes = b""
    request_id: str = ""
    note: str = ""
    purpose: Purpose | None = None
    custody: CustodyKind | None = None
    started: float = 0.0
    more: tuple[Intent, ...] = ()
    nonce: int = 0
    approver: str = ""


@value
class AuditReceipt:
    """Where a record stands.

    Attributes:
        log: Name of the log.
        sequence: Number of the record in it, from 0.
    """

    log: str
    sequence: int


class Audit(Protocol):
    """The record of what was done, for those who do it."""

    @property
    def is_quick(self) -> bool:
        """Whether recording waits for nothing, as far as can be seen."""
        ...

    def authorised(self, entry: AuditEntry) -> None:
        """Record that something is about to leave the process (S35).

        Raises:
            AuditUnavailable: It cannot be written; nothing may leave.
        """
        ...

    def record(self, entry: AuditEntry) -> AuditReceipt:
        """Record an outcome; it is in the log when this returns.

        Raises:
            AuditUnavailable: It cannot be written; the answer may not leave.
        """
        ...

    def record_all(self, entries: Sequence[AuditEntry]) -> Sequence[AuditReceipt]:
        """Record outcomes in one write; all are in the log when this returns, or none.

        Raises:
            AuditUnavailable: See ``record``.
        """
        ...

    def failed(self, entry: AuditEntry) -> None:
        """Record a failure, by itself or counted with others like it (S38); never raises."""
        ...

    def unauthenticated(self, peer: str, reason: str) -> None:
        """Count a caller that could not show who it is (S38); never raises.

        Args:
            peer: Its address, or what is counted as one.
            reason: Of the error.
        """
        ...

    def note(
        self,
        event: AuditEvent,
        details: Mapping[str, str | int],
        *,
        key: str = "",
        version: int = 0,
    ) -> None:
        """Record something that the daemon did by itself; never raises.

        Args:
            event: What kind of thing.
            details: More of it.
            key: Id of the key that it concerns, empty for none.
            version: Number of the version, 0 for none.
        """
        ...

    def ensure_available(self) -> None:
        """Return if a record could be written now.

        Raises:
            AuditUnavailable: It could not; nothing should be begun.
        """
        ...

    def healthy(self) -> bool:
        """Return whether a record could be written now."""
        ...


class AuditLog(Protocol):
    """The log, for those who read it and watch over it.

    Attributes:
        name: Its origin.
        verifier_key: Its public key in the C2SP form ``name+hash+key``.
    """

    name: str
    verifier_key: str

    @property
    def first(self) -> int:
        """Sequence of the oldest record that is kept."""
        ...

    @property
    def size(self) -> int:
        """How many records there are, those not kept any more included."""
        ...

    def checkpoint(self) -> bytes:
        """Return a signed note over all that was recorded before.

        Raises:
            AuditUnavailable: There is none that is recent enough.
        """
        ...

    def records(self, start: int, most: int) -> Sequence[bytes]:
        """Return the records from ``start`` on, at most ``most`` and maybe fewer.

        None come back at the end of the log, and for a start before ``first``.
        """
        ...

    def wait(self, sequence: int, timeout: float) -> bool:
        """Wait until there is a record of this number; return whether there is."""
        ...

    def inclusion(self, sequence: int, size: int) -> Sequence[bytes]:
        """Return the proof that a record is in the tree of this size (RFC 6962, 2.1.1).

        Raises:
            FieldInvalid: There is no such record or no such tree.
        """
        ...

    def consistency(self, first: int, second: int) -> Sequence[bytes]:
        """Return the proof that the second tree continues the first (RFC 6962, 2.1.2).

        Raises:
            FieldInvalid: There are no such trees.
        """
        ...


class AuditLogs(Protocol):
    """The logs of all workers of the home, for those who read them."""

    def of(self, name: str) -> AuditLog:
        """Return a log; empty: that of this worker.

        Raises:
            FieldInvalid: The home has no log of this name.
            AuditUnavailable: Which logs it has cannot be read.
        """
        ...

    def listing(self) -> bytes:
        """Return the signed list of all logs, empty where there is one log and no list.

        Raises:
            AuditUnavailable: It cannot be read.
        """
        ...
