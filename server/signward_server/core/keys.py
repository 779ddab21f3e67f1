"""Keys, their versions and their public halves, as the whole daemon sees them.

The numbers of the enums are those of the API (``protos/signward/v1/resources.proto``).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from signward_server.core.public_key import PublicKey

__all__ = [
    "Algorithm",
    "CustodyKind",
    "Freeze",
    "Key",
    "KeyAttributes",
    "KeyState",
    "KeyVersion",
    "Purpose",
    "VersionState",
]


class Number(enum.IntEnum):
    """An enum that is looked up on the signing path: its hash is computed in C."""

    __hash__ = int.__hash__


class Algorithm(Number):
    """Signature algorithm of a key; fixed at creation."""

    ED25519 = 1
    ECDSA_SECP256K1 = 2


class CustodyKind(Number):
    """Where private material lives and how it signs; fixed at creation."""

    ENVELOPE = 1
    AWS_KMS = 2
    SHAMIR = 3
    FROST = 4


class Purpose(Number):
    """The only kind of payload that a key may ever sign; fixed at creation."""

    RAW = 1
    ORDER = 2
    HEDERA = 3
    HYPERLIQUID = 4


class KeyState(Number):
    """Whether a key signs at all."""

    ENABLED = 1
    DISABLED = 2


class VersionState(Number):
    """Life of a version: one is primary, older ones are in grace, then retired."""

    PENDING = 1
    PRIMARY = 2
    GRACE = 3
    RETIRED = 4
    DESTROY_SCHEDULED = 5
    DESTROYED = 6


class Freeze(Number):
    """What an operator has stopped a key from signing."""

    NONE = 1
    CANCEL_ONLY = 2
    ALL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAttributes:
    """What is fixed when a key is created, and bound to its sealed material (S17).

    Attributes:
        id: Name of the key, ``[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?``.
        algorithm: Signature algorithm.
        custody: Where the private half lives.
        purpose: The kind of payload that it may sign.
        network: Ledger network that the key is pinned to; empty for raw and order keys.
        allow_digest: Whether a raw secp256k1 key may sign a bare 32-byte digest.
        vault_address: Hyperliquid vault that the key is pinned to, ``0x`` and 40 lower-case hex
            digits; empty for none.
    """

    id: str
    algorithm: Algorithm
    custody: CustodyKind
    purpose: Purpose
    network: str = ""
    allow_digest: bool = False
    vault_address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyVersion:
    """One key pair of a key.

    Attributes:
        version: Number from 1, never used twice within a key.
        state: Where the version is in its life.
        public_key: Public half.
        create_time: When the key pair was made, UTC.
        backend_ref: Name of the private half in its backend; never secret, empty if none.
        grace_end_time: When a version in grace retires, UTC.
        destroy_time: When a version scheduled for destruction is destroyed, UTC.
    """

    version: int
    state: VersionState
    public_key: PublicKey
    create_time: datetime
    backend_ref: str = ""
    grace_end_time: datetime | None = None
    destroy_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Key(KeyAttributes):
    """A named signing key: an immutable snapshot; a change makes a new one.

    Attributes:
        state: Whether it signs at all.
        freeze: What an operator has stopped it from signing.
        owner: Identity that the key belongs to, in typed form (``cn:bot``).
        user_id: The owner's customer, free text.
        labels: At most 40 free labels.
        unlock_ttl: How long the private half stays in locked memory after a signature;
            zero wipes it at once, ``None`` takes the daemon's default.
        grace_period: How long an old version signs on after a rotation.
        rotation_period: Age of the primary version at which the daemon rotates the key by
            itself; zero for never.
        primary_version: Number of the version that signs when none is named.
        versions: All versions that are not forgotten, newest first.
        create_time: When the key was made, UTC.
        update_time: When a mutable attribute changed last, UTC.
        revision: Number of the stored row, raised by one on each change.
    """

    owner: str
    primary_version: int
    versions: tuple[KeyVersion, ...]
    create_time: datetime
    update_time: datetime
    state: KeyState = KeyState.ENABLED
    freeze: Freeze = Freeze.NONE
    user_id: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    unlock_ttl: timedelta | None = None
    grace_period: timedelta = timedelta(days=30)
    rotation_period: timedelta = timedelta(0)
    revision: int = 1

    def version(self, number: int) -> KeyVersion | None:
        """Return the version with this number, the primary one for 0, ``None`` if unknown."""
        wanted = number or self.primary_version
        for version in self.versions:
            if version.version == wanted:
                return version
        return None

    @property
    def etag(self) -> str:
        """Opaque token that changes with every change of the key."""
        return f"r{self.revision}"
