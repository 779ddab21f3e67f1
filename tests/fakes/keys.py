"""Keys and contexts for whoever signs in a test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.keys import (
    Algorithm,
    CustodyKind,
    Key,
    KeyAttributes,
    KeyVersion,
    Purpose,
    VersionState,
)
from signward_server.core.payloads import Hash
from signward_server.core.public_key import PublicKey
from signward_server.core.signing import SigningContext

WHEN = datetime(2026, 1, 1, tzinfo=UTC)
NATURAL_HASH = {Algorithm.ED25519: Hash.NONE, Algorithm.ECDSA_SECP256K1: Hash.SHA256}


def attributes(
    algorithm: Algorithm = Algorithm.ED25519,
    key_id: str = "bot",
    custody: CustodyKind = CustodyKind.ENVELOPE,
) -> KeyAttributes:
    return KeyAttributes(id=key_id, algorithm=algorithm, custody=custody, purpose=Purpose.RAW)


def context(
    fixed: KeyAttributes,
    public_key: PublicKey,
    *,
    version: int = 1,
    hash_: Hash | None = None,
    unlock_ttl: timedelta | None = None,
) -> SigningContext:
    """Return a context in which this version of a key signs."""
    named = KeyVersion(
        version=version, state=VersionState.PRIMARY, public_key=public_key, create_time=WHEN
    )
    key = Key(
        id=fixed.id,
        algorithm=fixed.algorithm,
        custody=fixed.custody,
        purpose=fixed.purpose,
        network=fixed.network,
        allow_digest=fixed.allow_digest,
        owner="cn:bot",
        primary_version=version,
        versions=(named,),
        create_time=WHEN,
        update_time=WHEN,
        unlock_ttl=unlock_ttl,
    )
    return SigningContext(
        key=key,
        version=named,
        hash=NATURAL_HASH[fixed.algorithm] if hash_ is None else hash_,
        identity=Identity(IdentityKind.CN, "bot"),
    )
