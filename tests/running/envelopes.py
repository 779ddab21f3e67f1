"""Opens stored envelopes by other means than the daemon's."""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
from contextlib import closing
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from signward_server.core.keys import Algorithm, CustodyKind, KeyAttributes, Purpose
from signward_server.core.public_key import PublicKey
from signward_server.custody.envelope.format import Binding, SealedKey

from tests.running.homes import Home

__all__ = ["derived_keys", "root_key", "secrets_in"]

_QUERY = """
SELECT k.id, k.algorithm, k.purpose, k.custody, k.network, k.allow_digest,
       v.version, v.public_key, m.sealed
FROM keys k JOIN key_versions v ON v.key_id = k.id
JOIN materials m ON m.key_id = k.id AND m.version = v.version
"""


def root_key(home: Home) -> bytes:
    """Return the KEK."""
    return home.kek.read_bytes()[-32:]


def derived_keys(home: Home) -> dict[str, bytes]:
    """Return the two keys that the daemon derives from the KEK and keeps."""
    root = root_key(home)
    return {
        name: hmac.digest(root, f"signward kek v1 {name}".encode() + b"\x01", "sha256")
        for name in ("wrapping", "rows")
    }


def secrets_in(home: Home) -> dict[str, bytes]:
    """Return every secret of every stored key, and the forms that libraries make of it."""
    found: dict[str, bytes] = {}
    for row in _rows(home.store):
        key_id, algorithm, purpose, custody, network, digest, version, public, sealed = row
        fixed = KeyAttributes(
            id=key_id,
            algorithm=Algorithm(algorithm),
            purpose=Purpose(purpose),
            custody=CustodyKind(custody),
            network=network,
            allow_digest=bool(digest),
        )
        binding = Binding(fixed, version, PublicKey.from_spki(public))
        data_key, private = _opened(home, SealedKey.parse(sealed), binding)
        found[f"{key_id} data key"] = data_key
        found[f"{key_id} private half"] = private
        found |= _forms(key_id, fixed.algorithm, private)
    return found


def _opened(home: Home, parts: SealedKey, binding: Binding) -> tuple[bytes, bytes]:
    wrapping = AESGCM(derived_keys(home)["wrapping"])
    data_key = wrapping.decrypt(
        parts.wrap_nonce, parts.wrapped_key, binding.for_data_key(parts.kek_id)
    )
    return data_key, AESGCM(data_key).decrypt(parts.seal_nonce, parts.sealed, binding.for_secret())


def _forms(key_id: str, algorithm: Algorithm, private: bytes) -> dict[str, bytes]:
    if algorithm is Algorithm.ECDSA_SECP256K1:
        return {f"{key_id} limbs": private[::-1]}  # as libsecp256k1 holds it
    expanded = bytearray(hashlib.sha512(private).digest())
    expanded[0] &= 0xF8
    expanded[31] = expanded[31] & 0x7F | 0x40
    return {  # RFC 8032, section 5.1.5
        f"{key_id} scalar": bytes(expanded[:32]),
        f"{key_id} nonce prefix": bytes(expanded[32:]),
    }


def _rows(store: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        return connection.execute(_QUERY).fetchall()
