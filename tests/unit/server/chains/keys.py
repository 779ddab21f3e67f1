"""Attributes of keys that the chains' tests sign with."""

from __future__ import annotations

from signward_server.core.keys import Algorithm, CustodyKind, KeyAttributes, Purpose


def key(algorithm: Algorithm, *, allow_digest: bool = False) -> KeyAttributes:
    return KeyAttributes(
        id="bot",
        algorithm=algorithm,
        custody=CustodyKind.ENVELOPE,
        purpose=Purpose.RAW,
        allow_digest=allow_digest,
    )


ED25519 = key(Algorithm.ED25519)
SECP256K1 = key(Algorithm.ECDSA_SECP256K1)
SECP256K1_DIGEST = key(Algorithm.ECDSA_SECP256K1, allow_digest=True)
