"""The values that travel along the signing path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from signward_server.core.identity import Identity
from signward_server.core.keys import Key, KeyVersion
from signward_server.core.payloads import Hash, Payload, Result
from signward_server.core.public_key import PublicKey
from signward_server.core.value import value

__all__ = [
    "Decoded",
    "Draft",
    "Intent",
    "IntentValue",
    "ResultMismatch",
    "SignRequest",
    "SignResult",
    "Signature",
    "SigningContext",
    "VerifyRequest",
]

IntentValue = str | int | bool


@value
class SignRequest:
    """One item to sign.

    Attributes:
        key: Key id.
        version: Version to sign with; 0 is the primary one.
        expected_fingerprint: Empty, or the SHA-256 of the public key that must sign.
        request_id: Empty, or the caller's name for this item (S33).
        payload: What to sign.
        source: The request as it came in, opaque to everyone but a threshold holder.
        nonce: The nonce that this very item was signed with before, for whoever remembers that
            longer than a request_id is remembered; 0 for a first time.
        is_granted: Whether policies have said already that the caller may give rights to
            whoever gets some by it.
    """

    key: str
    version: int
    expected_fingerprint: bytes
    request_id: str
    payload: Payload
    source: object = None
    nonce: int = 0
    is_granted: bool = False


@value
class VerifyRequest:
    """A signature to check.

    Attributes:
        key: Key id.
        version: Version that is said to have signed; 0 tries every one not destroyed.
        payload: What is said to have been signed.
        result: The signature, in the form that signing it gives.
    """

    key: str
    version: int
    payload: Payload
    result: Result


class ResultMismatch(Exception):
    """An answer contradicts the payload that it is said to answer.

    Args:
        reason: Which part, in a sentence for the caller.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@value
class Intent:
    """A payload as a policy judges it.

    Attributes:
        action: The policy action, one for each kind of payload (``SignRaw``).
        fields: Typed fields of the payload; amounts are integers in 1e-8 units or the
            ledger's smallest unit, within 0..2^63-1 (S6).
    """

    action: str
    fields: Mapping[str, IntentValue]


class Draft(Protocol):
    """A payload that is complete but for its nonce, which it gets once it is allowed (S31)."""

    @property
    def content(self) -> bytes:
        """Everything else that the answer depends on, and the caller's own nonce."""
        ...

    @property
    def nonce(self) -> int:
        """The nonce that the caller chose; 0 if the daemon is to give one."""
        ...

    def numbered(self, nonce: int, signer: PublicKey) -> Decoded:
        """Return the same payload with its nonce: same Intents, messages, no draft.

        Args:
            nonce: Within 0..2^64-1.
            signer: Who is to sign: some payloads name their signer within.
        """
        ...


@value
class Decoded:
    """A payload, decoded: what the policy sees and the bytes that follow from it.

    Attributes:
        intent: What the policy judges.
        messages: The byte strings to sign, in order; most kinds have exactly one. None while
            it is a draft.
        hash: What is done to each of them before the signature.
        more: Further Intents in the same payload: the other orders of a batch, what stands
            within a wrapper. Each is judged by itself, and all must be allowed.
        draft: What still lacks a nonce; ``None`` for what is complete.
        form: The chain's own, for ``encode``.
        nonce: The nonce that it has, 0 for none.
        grants: Address that it gives rights to, in lower case; empty for none (S31).
        account: Ledger account that it acts for, where the payload names another than the
            signer's (a vault); empty otherwise (S12).
    """

    intent: Intent
    messages: tuple[bytes, ...]
    hash: Hash
    more: tuple[Intent, ...] = ()
    draft: Draft | None = None
    form: object = None
    nonce: int = 0
    grants: str = ""
    account: str = ""

    @property
    def intents(self) -> tuple[Intent, ...]:
        """All that is judged."""
        return (self.intent, *self.more)


@value
class Signature:
    """What a custody returns for one message.

    Attributes:
        value: 64 bytes: Ed25519 (RFC 8032), or r||s with low s (BIP 62).
        recovery_id: secp256k1: 0 to 3; Ed25519: 0.
    """

    value: bytes
    recovery_id: int = 0


@value
class SigningContext:
    """With what, for whom and why a message is signed.

    Attributes:
        key: Snapshot of the key.
        version: The version that signs.
        hash: What is done to the message before a secp256k1 signature.
        identity: The caller.
        source: The request as it came in; threshold holders judge it for themselves.
    """

    key: Key
    version: KeyVersion
    hash: Hash
    identity: Identity
    source: object = None


@value
class SignResult:
    """One signed item.

    Attributes:
        key: Key id.
        version: The version that signed.
        audit_log: Name of the log that holds the record.
        audit_sequence: Number of the record in it, from 0.
        signed_bytes_digest: SHA-256 of the signed bytes, 32 bytes.
        result: The signature in the form of the payload's kind.
    """

    key: str
    version: int
    audit_log: str
    audit_sequence: int
    signed_bytes_digest: bytes
    result: Result
