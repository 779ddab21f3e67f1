"""What callers ask of the key flows, already well formed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from signward_server.core.errors import FieldViolation
from signward_server.core.keys import CustodyKind, Key, KeyAttributes, Purpose
from signward_server.core.versions import is_ledger_bound

__all__ = [
    "CreateKey",
    "KeyFilter",
    "RotateKey",
    "UpdateKey",
    "rotation_period_violations",
    "unlock_ttl_violations",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateKey:
    """A key to make.

    Attributes:
        attributes: What is fixed from now on.
        owner: Identity that it shall belong to; empty for the caller.
        user_id: The owner's customer.
        labels: Free labels.
        unlock_ttl: See ``Key``; ``None`` takes the daemon's default.
        grace_period: See ``Key``; ``None`` takes the default of 30 days.
        rotation_period: See ``Key``.
        request_id: The caller's name for the request; empty if a retry may fail.
        validate_only: Only say whether it could be made.
    """

    attributes: KeyAttributes
    owner: str = ""
    user_id: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    unlock_ttl: timedelta | None = None
    grace_period: timedelta | None = None
    rotation_period: timedelta = timedelta(0)
    request_id: str = ""
    validate_only: bool = False

    def content(self) -> bytes:
        """Return the SHA-256 of everything that the answer depends on (S33)."""
        attributes = self.attributes
        parts = [
            attributes.id,
            attributes.algorithm,
            attributes.custody,
            attributes.purpose,
            attributes.network,
            attributes.allow_digest,
            self.owner,
            self.user_id,
            sorted(self.labels.items()),
            None if self.unlock_ttl is None else self.unlock_ttl.total_seconds(),
            None if self.grace_period is None else self.grace_period.total_seconds(),
        ]
        if self.rotation_period:  # else as it was before there was one
            parts.append(self.rotation_period.total_seconds())
        if attributes.vault_address:  # likewise; text, so that no period is mistaken for it
            parts.append(attributes.vault_address)
        return hashlib.sha256(json.dumps(parts).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateKey:
    """Changes to a key; ``None`` leaves an attribute as it is.

    Attributes:
        key_id: The key.
        etag: Empty, or what the key's etag must be.
        owner: New owner.
        labels: New labels, all of them.
        reset_unlock_ttl: Whether ``unlock_ttl`` goes back to the daemon's default.
        unlock_ttl: New value.
        grace_period: New value.
        rotation_period: New value; zero for none.
        grace_version: Version in grace that retires earlier, 0 for none.
        grace_end_time: When it does; ``None`` for at once.
    """

    key_id: str
    etag: str = ""
    owner: str | None = None
    labels: Mapping[str, str] | None = None
    reset_unlock_ttl: bool = False
    unlock_ttl: timedelta | None = None
    grace_period: timedelta | None = None
    rotation_period: timedelta | None = None
    grace_version: int = 0
    grace_end_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateKey:
    """A key to give a new version.

    Attributes:
        key_id: The key.
        request_id: The caller's name for the request; empty if each one makes a version.
        etag: Empty, or what the key's etag must be.
        grace_period: How long the old version still signs; ``None`` takes the key's.
    """

    key_id: str
    request_id: str = ""
    etag: str = ""
    grace_period: timedelta | None = None

    def content(self) -> bytes:
        """Return the SHA-256 of what is asked for (S33).

        The etag is a condition for doing it, and no part of it: whoever asks again has read
        the key again.
        """
        grace = None if self.grace_period is None else self.grace_period.total_seconds()
        return hashlib.sha256(json.dumps([self.key_id, grace]).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFilter:
    """Which keys a list shows; each empty or ``None`` part matches every key.

    Attributes:
        labels: Labels that a key must have with exactly these values.
        owner: Owner in typed form.
        user_id: The owner's customer.
        purpose: Purpose.
        custody: Custody.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""
    user_id: str = ""
    purpose: Purpose | None = None
    custody: CustodyKind | None = None

    def content(self) -> bytes:
        """Return a SHA-256 that two filters share only if they are the same."""
        labels = sorted(self.labels.items())
        parts = [labels, self.owner, self.user_id, self.purpose, self.custody]
        return hashlib.sha256(json.dumps(parts).encode()).digest()

    def matches(self, key: Key) -> bool:
        """Return whether the list shows this key."""
        return (
            (not self.owner or key.owner == self.owner)
            and (not self.user_id or key.user_id == self.user_id)
            and (self.purpose is None or key.purpose is self.purpose)
            and (self.custody is None or key.custody is self.custody)
            and all(key.labels.get(name) == text for name, text in self.labels.items())
        )


def unlock_ttl_violations(wanted: timedelta | None, most: timedelta) -> tuple[FieldViolation, ...]:
    """Return what is wrong with a time that a key wants to stay unlocked (S19)."""
    if wanted is None or wanted <= most:
        return ()
    limit = int(most.total_seconds())
    return (FieldViolation("unlock_ttl", f"This daemon allows at most {limit} seconds."),)


def rotation_period_violations(
    wanted: timedelta | None, attributes: KeyAttributes
) -> tuple[FieldViolation, ...]:
    """Return what is wrong with a time after which the daemon shall rotate a key."""
    if not wanted or not is_ledger_bound(attributes):
        return ()
    rule = "Must be zero: a ledger must know each new version of this key first."
    return (FieldViolation("rotation_period", rule),)
