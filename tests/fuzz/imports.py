"""Private keys that others bring: sealed ones in the daemon, written ones in the client."""

from __future__ import annotations

import ctypes
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from signward.private_keys import KeyFormat, PrivateKeyError, read_private_key
from signward.sealing import sealer
from signward.v1 import resources_pb2 as resources
from signward_server.custody.hpke import Hpke
from signward_server.custody.memory import LockedMemory, Slot
from signward_server.custody.native import load_native

from tests.fuzz.target import Target, expected

__all__ = ["TARGETS"]

_INFO: Final = b"info"
_SECRET: Final = bytes(range(32))
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class _Recipient:
    """A wrapping key, on a slot and beside it."""

    def __init__(self) -> None:
        self._sodium = load_native().sodium
        self._memory = LockedMemory(self._sodium, 4096)
        self._private, self._into, self._work = (self._slot() for _ in range(3))
        self.hpke = Hpke(self._sodium)
        self.public_key = self.hpke.generate(self._private)
        private = ctypes.string_at(self._private.address, 32)
        self.private = X25519PrivateKey.from_private_bytes(private)

    def open(self, data: bytes) -> bytes | None:
        """Return what the daemon opens, ``None`` if it does not."""
        slots = self._private, self.public_key, self._into, self._work
        opened = self.hpke.open(data, _INFO, *slots)
        return ctypes.string_at(self._into.address, 32) if opened else None

    def _slot(self) -> Slot:
        slot = self._memory.take()
        assert slot is not None
        return slot


_RECIPIENT: Final = _Recipient()


def sealed_key(data: bytes) -> None:
    """Open a sealed key: exactly what another library opens to 32 bytes is opened, to the same."""
    try:
        known: bytes | None = _SUITE.decrypt(data, _RECIPIENT.private, _INFO)
    except (InvalidTag, ValueError):
        known = None
    expected(_RECIPIENT.open(data) == (known if known is not None and len(known) == 32 else None))


def written_key(data: bytes) -> None:
    """Read a private key in any form."""
    for form in KeyFormat:
        try:
            found = read_private_key(data, form, resources.ALGORITHM_ED25519, lambda: b"phrase")
        except PrivateKeyError as error:
            expected(str(error).isprintable())
            continue
        expected(len(found) == 32)


_KEY = Ed25519PrivateKey.from_private_bytes(_SECRET)
_PKCS8 = serialization.PrivateFormat.PKCS8
_OPEN = serialization.NoEncryption()
TARGETS: Final[dict[str, Target]] = {
    "sealed_key": Target(
        sealed_key,
        (
            sealer(_SECRET)(_RECIPIENT.public_key, _INFO),
            _SUITE.encrypt(b"", X25519PublicKey.from_public_bytes(_RECIPIENT.public_key), _INFO),
            bytes(80),
        ),
    ),
    "written_key": Target(
        written_key,
        (
            _SECRET,
            b"0x" + _SECRET.hex().encode(),
            _KEY.private_bytes(serialization.Encoding.PEM, _PKCS8, _OPEN),
            _KEY.private_bytes(serialization.Encoding.DER, _PKCS8, _OPEN),
        ),
    ),
}
