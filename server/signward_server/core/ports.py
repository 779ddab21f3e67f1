"""The boundaries: what the flows need from the other parts, and nothing about how.

Each port says what failure looks like. ``wiring`` decides who stands behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from signward_server.core.identity import Identity
from signward_server.core.keys import Algorithm, CustodyKind, Key, KeyAttributes, Purpose
from signward_server.core.payloads import Hash, Payload, Result
from signward_server.core.public_key import PublicKey
from signward_server.core.signing import (
    Decoded,
    Intent,
    Signature,
    SigningContext,
)
from signward_server.core.value import value

__all__ = [
    "Audit",
    "AuditEntry",
    "AuditReceipt",
    "Call",
    "Caps",
    "Catalogue",
    "Chain",
    "Claim",
    "Clock",
    "CreatedVersion",
    "Custody",
    "Limits",
    "MaterialReader",
    "Policy",
    "RequestLedger",
    "RequestScope",
    "Reservation",
    "RowAuthenticator",
    "Verifier",
]


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


class Call(Protocol):
    """One call, or one item of a stream, as the flows see it."""

    @property
    def identity(self) -> Identity:
        """The authenticated caller."""
        ...

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
            CertificateInvalid: The caller's certificate is no longer valid.
        """
        ...


@dataclass(frozen=True, slots=True)
class CreatedVersion:
    """A key pair that a custody has just made.

    Attributes:
        public_key: Public half.
        backend_ref: Name of the private half in its backend, empty if none.
        material: Sealed private half to store beside the key, ``None`` if the backend keeps it.
    """

    public_key: PublicKey
    backend_ref: str
    material: bytes | None


class Custody(Protocol):
    """Where private material lives. Interprets no Intent and knows no chain."""

    @property
    def kind(self) -> CustodyKind:
        """Which custody this is."""
        ...

    @property
    def algorithms(self) -> frozenset[Algorithm]:
        """What it can make keys for."""
        ...

    @property
    def leaves_process(self) -> bool:
        """Whether a signature takes a call to another process or machine (S35)."""
        ...

    def create(self, attributes: KeyAttributes, version: int) -> CreatedVersion:
        """Make a key pair, bound to these attributes and this version number.

        Raises:
            CustodyUnavailable: It cannot be made now; nothing is left behind.
        """
        ...

    def sign(self, message: bytes, context: SigningContext) -> Signature:
        """Sign one message with the version that the context names.

        For secp256k1 the message is hashed as ``context.hash`` says, the nonce is that of
        RFC 6979 where the key is local, and s is low. The signature is known to be the
        named version's when this returns.

        Raises:
            CustodyUnavailable: It cannot sign now; trying again may help.
            EnvelopeCorrupt: The material does not belong to this key and version.
            SignatureSelfCheckFailed: A signature came out wrong and was discarded.
        """
        ...

    def is_unlocked(self, key_id: str, version: int) -> bool:
        """Return whether ``sign`` would wait neither for the store nor for anybody else."""
        ...

    def forget(self, key_id: str) -> None:
        """Wipe whatever is unlocked of a key; unknown ids are fine."""
        ...

    def healthy(self) -> bool:
        """Return whether a signature could be made now (promise 10)."""
        ...

    def close(self) -> None:
        """Wipe every secret; nothing can be signed afterwards."""
        ...


class MaterialReader(Protocol):
    """Reads sealed private halves."""

    def read_material(self, key_id: str, version: int) -> bytes:
        """Return the sealed private half of a version.

        Raises:
            EnvelopeCorrupt: There is none.
            StoreUnavailable: The store cannot be read now.
        """
        ...


class RowAuthenticator(Protocol):
    """Authenticates stored rows under a key that the store does not have (S17)."""

    def tag(self, row: bytes) -> bytes:
        """Return the 32-byte MAC of a row's canonical bytes."""
        ...

    def matches(self, row: bytes, tag: bytes) -> bool:
        """Return whether this is the row's MAC, in constant time."""
        ...


@dataclass(frozen=True, slots=True)
class RequestScope:
    """What a request_id is unique in (S33)."""

    identity: str
    method: str
    key: str
    request_id: str


@value
class Claim:
    """What a request_id resolved to.

    Attributes:
        version: The key version of its first use.
        replayed: Whether this is a retry.
    """

    version: int
    replayed: bool


class RequestLedger(Protocol):
    """Remembers request_ids, so that a retry gets the first answer."""

    def claim(self, scope: RequestScope, content: bytes, version: int) -> Claim:
        """Remember a request durably, or find it again.

        Args:
            scope: Whose request it is.
            content: SHA-256 of everything that the answer depends on.
            version: The key version that it resolves to now.

        Returns:
            The version that it resolved to at first use, and whether this is a retry.

        Raises:
            RequestIdReused: The scope was used with other content.
            RequestIdQuota: The identity has too many that are still remembered.
            StoreUnavailable: The store cannot be written now.
        """
        ...


class Catalogue(Protocol):
    """All keys. Reads are served from memory; a change is durable when it returns."""

    def get(self, key_id: str) -> Key | None:
        """Return the key, ``None`` if there is none.

        Raises:
            EnvelopeCorrupt: Its row fails its MAC; the key is quarantined.
        """
        ...

    def page(self, after: str, limit: int) -> Sequence[Key]:
        """Return up to ``limit`` keys with an id above ``after``, in order of id."""
        ...

    def created_by(self, scope: RequestScope, content: bytes) -> Key | None:
        """Return the key, as it is now, that this request made; ``None`` if it made none.

        Raises:
            RequestIdReused: The scope was used with other content.
        """
        ...

    def insert(
        self, key: Key, material: bytes | None, scope: RequestScope | None, content: bytes
    ) -> Key:
        """Store a new key with its material and request_id in one transaction.

        Returns:
            The stored key; that of the first call when the request is a retry of it.

        Raises:
            KeyExists: The id is taken, or the public key occurs already (S16).
            RequestIdReused: The scope was used with other content.
            RequestIdQuota: The identity has too many that are still remembered.
            StoreUnavailable: The store cannot be written now.
        """
        ...

    def replace(self, key: Key, expected_revision: int) -> Key:
        """Store a changed key if its row still has the expected revision.

        Returns:
            The stored key, with its new revision and update time.

        Raises:
            KeyNotFound: There is no such key.
            EtagMismatch: The row has another revision.
            StoreUnavailable: The store cannot be written now.
        """
        ...


class Chain(Protocol):
    """A payload's way to bytes and back. Pure: no keys, no I/O, no clock."""

    @property
    def payload_type(self) -> type[Payload]:
        """The payload that it decodes."""
        ...

    @property
    def purposes(self) -> frozenset[Purpose]:
        """Purposes of the keys that may sign it."""
        ...

    def decode(self, payload: Payload, key: KeyAttributes, now_ms: int) -> Decoded:
        """Check a payload and build what is judged and what is signed.

        Args:
            payload: Of ``payload_type``.
            key: The key that is to sign.
            now_ms: Milliseconds since the epoch; 0 checks no timestamp (verification).

        Raises:
            FieldInvalid: Names each field at fault.
            PayloadUnsupported: Well formed, but beyond what is signed.
        """
        ...

    def encode(
        self, decoded: Decoded, public_key: PublicKey, signatures: Sequence[Signature]
    ) -> Result:
        """Build the answer from the signatures, one for each message, in order."""
        ...

    def signatures(self, decoded: Decoded, result: Result) -> Sequence[bytes]:
        """Take the 64-byte signatures out of an answer, one for each message, in order.

        Raises:
            ResultMismatch: Another part of the answer contradicts the payload.
        """
        ...


class Verifier(Protocol):
    """Checks signatures with public keys alone."""

    def verify(self, public_key: PublicKey, message: bytes, hash_: Hash, value: bytes) -> bool:
        """Return whether 64 bytes are this key's signature of the message, with low s."""
        ...


class Policy(Protocol):
    """Decides who may do what."""

    def authorize(
        self,
        identity: Identity,
        action: str,
        key: Key | None,
        intent: Intent | None = None,
        totals: Mapping[str, int] | None = None,
    ) -> None:
        """Return if it is allowed.

        Args:
            identity: The caller.
            action: Action of the RPC or of the Intent.
            key: The key in question, ``None`` for what concerns the server.
            intent: What is to be signed, ``None`` for what is not signing.
            totals: Windowed totals including this request.

        Raises:
            PolicyDenied: It is not.
        """
        ...


class Reservation(Protocol):
    """Spending that was counted before the decision (S12)."""

    @property
    def totals(self) -> Mapping[str, int]:
        """Windowed totals, this request included."""
        ...

    def release(self) -> None:
        """Give it back: no signature can have left."""
        ...


class Caps(Protocol):
    """Sums and counts over windows."""

    def reserve(self, identity: Identity, key: Key, intent: Intent) -> Reservation:
        """Count this request in and return the totals."""
        ...


class Limits(Protocol):
    """Rate limits."""

    def admit(self, identity: Identity, method: str, key: str, cost: int = 1) -> None:
        """Count a call or an item.

        Raises:
            RateLimited: With the seconds after which it gets through.
        """
        ...


@value
class AuditEntry:
    """What is recorded of one item or administrative call.

    Attributes:
        identity: The caller.
        method: Full name of the RPC.
        action: Policy action.
        key: Key id, empty if none.
        version: Key version, 0 if none.
        outcome: ``OK`` or the reason of the error.
        signed_digest: SHA-256 of the signed bytes, empty if nothing was signed.
        request_id: The caller's name for the request, empty if none.
        call: The call that it belongs to, for its peer and trace context.
        note: The caller's reason, for what has one.
    """

    identity: Identity
    method: str
    action: str
    key: str
    version: int
    outcome: str
    signed_digest: bytes = b""
    request_id: str = ""
    call: Call | None = None
    note: str = ""


@value
class AuditReceipt:
    """Where a record stands.

    Attributes:
        log: Name of the log; empty while there is none.
        sequence: Number of the record in it.
    """

    log: str
    sequence: int


class Audit(Protocol):
    """The record of what was done."""

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

    def healthy(self) -> bool:
        """Return whether a record could be written now."""
        ...
