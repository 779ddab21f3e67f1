"""The chain of raw messages: what may be signed as it is, and what a policy sees of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import MappingProxyType

from signward_server.chains.raw.der import encode_der
from signward_server.core.actions import ActionGroup, ActionKind, FieldType
from signward_server.core.errors import FieldInvalid, FieldViolation, PayloadUnsupported
from signward_server.core.keys import Algorithm, KeyAttributes, Purpose
from signward_server.core.payloads import Hash, Payload, RawMessage, RawSignature, Result
from signward_server.core.public_key import PublicKey
from signward_server.core.signing import Decoded, Intent, ResultMismatch, Signature

__all__ = ["RawChain"]

_MAX_SIZE = 65_536
_DIGEST_SIZE = 32
_SIGNATURE_SIZE = 64
_MAX_RECOVERY_ID = 3  # SEC 1, section 4.1.6
# EIP-191 and EIP-712 put this byte before whatever an Ethereum wallet signs.
_ETHEREUM_PREFIX = b"\x19"

# Reading a member off its enum costs several times a module constant, on the signing path.
_ED25519 = Algorithm.ED25519
_NONE, _SHA256, _KECCAK256, _PREHASHED = Hash.NONE, Hash.SHA256, Hash.KECCAK256, Hash.PREHASHED


_FIELDS = MappingProxyType({"size": FieldType.NUMBER, "hash": FieldType.TEXT})


class RawChain:
    """Signs bytes as they are, with raw keys only.

    Actions: ``SignRaw``; ``SignRawDigest`` for what only an ``allow_digest`` key signs, a
    bare digest or a KECCAK256 message that starts with 0x19 (S26), since both can be
    anything at all. Fields: ``size`` in bytes and ``hash`` by name; never the content.
    """

    payload_type: type[Payload] = RawMessage
    purposes = frozenset({Purpose.RAW})
    actions = (
        ActionKind(
            name="SignRaw",
            groups=frozenset({ActionGroup.MESSAGE}),
            record="raw",
            fields=_FIELDS,
        ),
        ActionKind(name="SignRawDigest", restricted=True, record="raw", fields=_FIELDS),
    )

    def decode(self, payload: Payload, key: KeyAttributes, now_ms: int) -> Decoded:  # noqa: ARG002  # the port's
        """Check a message and build its Intent; see ``core.ports.Chain``.

        Raises:
            FieldInvalid: Names ``raw.message`` and ``raw.hash``, whichever is at fault.
            PayloadUnsupported: A message that only an ``allow_digest`` key signs (S26).
        """
        if not isinstance(payload, RawMessage):
            raise TypeError("not a RawMessage")
        message, hash_ = payload.message, payload.hash
        size = len(message)
        if key.algorithm is _ED25519 and hash_ is _NONE and 0 < size <= _MAX_SIZE:
            return Decoded(Intent("SignRaw", {"size": size, "hash": "NONE"}), (message,), hash_)
        violations = tuple(_violations(size, hash_, key))
        if violations:
            raise FieldInvalid(violations=violations)
        intent = Intent(_ecdsa_action(message, hash_, key), {"size": size, "hash": hash_.name})
        return Decoded(intent, (message,), hash_)

    def encode(
        self,
        decoded: Decoded,
        public_key: PublicKey,  # noqa: ARG002  # the port's
        signatures: Sequence[Signature],
    ) -> RawSignature:
        """Build the answer from exactly one signature; see ``core.ports.Chain``."""
        (signature,) = signatures
        value = signature.value
        if decoded.hash is _NONE:
            return RawSignature(value, 0, b"")
        return RawSignature(value, signature.recovery_id, encode_der(value))

    def signatures(self, decoded: Decoded, result: Result) -> Sequence[bytes]:
        """Take the signature out of an answer; see ``core.ports.Chain``.

        An empty ``der`` claims nothing and passes. The recovery id is checked for its
        range only: whether it recovers the key takes the curve.

        Raises:
            ResultMismatch: Another kind, a wrong size, a recovery id out of range, or DER
                that is not the one form of the signature.
        """
        if not isinstance(result, RawSignature):
            raise ResultMismatch("The result is of another kind than the payload.")
        if len(result.signature) != _SIGNATURE_SIZE:
            raise ResultMismatch("The signature is not 64 bytes long.")
        is_ecdsa = decoded.hash is not _NONE
        highest = _MAX_RECOVERY_ID if is_ecdsa else 0
        if not 0 <= result.recovery_id <= highest:
            raise ResultMismatch(f"The recovery id is not within 0 to {highest}.")
        if result.der and not (is_ecdsa and result.der == encode_der(result.signature)):
            raise ResultMismatch("The DER form is not that of the signature.")
        return (result.signature,)


def _violations(size: int, hash_: Hash, key: KeyAttributes) -> Iterator[FieldViolation]:
    if not 0 < size <= _MAX_SIZE:
        yield FieldViolation("raw.message", "Must have 1 to 65536 bytes.")
    elif hash_ is _PREHASHED and size != _DIGEST_SIZE:
        yield FieldViolation("raw.message", "Must have exactly 32 bytes with PREHASHED.")
    if key.algorithm is _ED25519:
        if hash_ is not _NONE:
            yield FieldViolation("raw.hash", "Must be left out for an Ed25519 key.")
    elif hash_ is _PREHASHED and not key.allow_digest:
        yield FieldViolation(
            "raw.hash", "Must be SHA256 or KECCAK256: the key was created without allow_digest."
        )
    elif hash_ not in (_SHA256, _KECCAK256, _PREHASHED):
        yield FieldViolation(
            "raw.hash",
            "Must be SHA256 or KECCAK256 for a secp256k1 key, or PREHASHED if it allows digests.",
        )


def _ecdsa_action(message: bytes, hash_: Hash, key: KeyAttributes) -> str:
    """Return the policy action of a message that has passed ``_violations``.

    Raises:
        PayloadUnsupported: Ethereum wallets sign such messages, and this key must not (S26).
    """
    if hash_ is _PREHASHED:
        return "SignRawDigest"
    if hash_ is _KECCAK256 and message.startswith(_ETHEREUM_PREFIX):
        if not key.allow_digest:
            text = "Must not start with 0x19 under KECCAK256: the key is without allow_digest."
            raise PayloadUnsupported(violations=(FieldViolation("raw.message", text),))
        return "SignRawDigest"
    return "SignRaw"
