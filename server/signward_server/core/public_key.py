"""The public half of a key pair, with the encodings that callers ask for."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

__all__ = ["PublicKey"]

# SubjectPublicKeyInfo headers: RFC 8410 section 4 (Ed25519), RFC 5480 section 2 with
# the curve of SEC 2 section 2.4.1 (secp256k1, uncompressed point).
_ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")
_SECP256K1_SPKI = bytes.fromhex("3056301006072a8648ce3d020106052b8104000a034200")
_ED25519_SIZE = 32
_UNCOMPRESSED_SIZE = 65
_UNCOMPRESSED_TAG = 4
_PEM_LINE = 64


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key; made by one of the two constructors or read back from its DER form.

    Attributes:
        raw: Ed25519: 32 bytes (RFC 8032); secp256k1: 33 bytes, compressed (SEC 1).
        spki_der: SubjectPublicKeyInfo, 44 or 88 bytes.
        fingerprint: SHA-256 of ``spki_der``, 32 bytes.
    """

    raw: bytes
    spki_der: bytes
    fingerprint: bytes

    @classmethod
    def ed25519(cls, raw: bytes) -> PublicKey:
        """Make one from the 32 bytes of RFC 8032.

        Raises:
            ValueError: The length is wrong.
        """
        if len(raw) != _ED25519_SIZE:
            raise ValueError("an Ed25519 public key has 32 bytes")
        return cls._from(bytes(raw), _ED25519_SPKI + raw)

    @classmethod
    def secp256k1(cls, uncompressed: bytes) -> PublicKey:
        """Make one from the 65 bytes of an uncompressed point (SEC 1, section 2.3.3).

        Raises:
            ValueError: The length or the leading byte is wrong. The point itself is not
                checked against the curve: whoever makes it does that.
        """
        if len(uncompressed) != _UNCOMPRESSED_SIZE or uncompressed[0] != _UNCOMPRESSED_TAG:
            raise ValueError("an uncompressed secp256k1 point has 65 bytes and starts with 04")
        parity = 2 + (uncompressed[-1] & 1)
        return cls._from(bytes([parity]) + uncompressed[1:33], _SECP256K1_SPKI + uncompressed)

    @classmethod
    def from_spki(cls, spki_der: bytes) -> PublicKey:
        """Read one back from exactly the DER form that the constructors give.

        Raises:
            ValueError: It is not the DER form of one of the two key types.
        """
        if spki_der.startswith(_ED25519_SPKI):
            return cls.ed25519(spki_der[len(_ED25519_SPKI) :])
        if spki_der.startswith(_SECP256K1_SPKI):
            return cls.secp256k1(spki_der[len(_SECP256K1_SPKI) :])
        raise ValueError("not the SubjectPublicKeyInfo of an Ed25519 or secp256k1 key")

    @classmethod
    def _from(cls, raw: bytes, spki_der: bytes) -> PublicKey:
        return cls(raw=raw, spki_der=spki_der, fingerprint=hashlib.sha256(spki_der).digest())

    @property
    def uncompressed(self) -> bytes:
        """secp256k1: the 65 bytes of the uncompressed point; Ed25519: empty."""
        return b"" if len(self.raw) == _ED25519_SIZE else self.spki_der[-_UNCOMPRESSED_SIZE:]

    @property
    def pem(self) -> str:
        """``spki_der`` as PEM (RFC 7468)."""
        text = base64.b64encode(self.spki_der).decode("ascii")
        lines = [text[i : i + _PEM_LINE] for i in range(0, len(text), _PEM_LINE)]
        return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])
