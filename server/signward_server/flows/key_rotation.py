"""Giving a key a new version, and making a pending one primary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from signward_server.core.errors import (
    EnvelopeCorrupt,
    EtagMismatch,
    FieldInvalid,
)
from signward_server.core.keys import CustodyKind, Key, KeyVersion
from signward_server.core.ports import (
    Audit,
    Call,
    Catalogue,
    Changed,
    Custody,
    Policy,
    RequestScope,
    Time,
)
from signward_server.core.version_steps import activated
from signward_server.core.versions import as_of, is_ledger_bound
from signward_server.flows.access import visible_key
from signward_server.flows.key_requests import RotateKey
from signward_server.flows.key_writing import KeyWriting
from signward_server.flows.new_versions import NewVersions
from signward_server.flows.recording import Recorded

__all__ = ["ACTIVATE_KEY_VERSION", "ROTATE_KEY", "KeyRotation", "Rotation"]

ROTATE_KEY = "RotateKey"
ACTIVATE_KEY_VERSION = "ActivateKeyVersion"


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did, as it is now.

    Attributes:
        key: The key.
        version: The version that it made.
        previous: The version that was primary before.
    """

    key: Key
    version: KeyVersion
    previous: KeyVersion

    def __str__(self) -> str:
        """Return both public keys' fingerprints, for the record."""
        return f"{_named(self.previous)} to {_named(self.version)}"


class KeyRotation:
    """Rotates keys, each in one transaction: after a crash there is the old state or the new one.

    Disabled and frozen keys can be rotated too: a key that leaked is disabled, rotated and
    enabled again.

    Args:
        catalogue: Where keys are kept.
        custodies: Where private halves are.
        policy: Who may rotate which key.
        audit: Where each attempt is recorded, with both fingerprints.
        new_versions: Makes new versions.
        onward: The time by which versions end.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        custodies: Mapping[CustodyKind, Custody],
        policy: Policy,
        audit: Audit,
        new_versions: NewVersions,
        onward: Time,
    ) -> None:
        self._writing = KeyWriting(catalogue=catalogue, custodies=custodies, policy=policy)
        self._catalogue = catalogue
        self._new_versions = new_versions
        self._policy = policy
        self._audit = audit
        self._onward = onward

    def rotate(self, call: Call, request: RotateKey) -> Rotation:
        """Give a key its next version, or tell what the same request did before.

        A version that has no grace has nothing unlocked any more when this returns (S24).

        Raises:
            KeyNotFound, PolicyDenied: See ``visible_key``.
            FieldInvalid: A grace is given, but begins with ``activate`` for this key.
            EtagMismatch: The key changed since it was read, or does so at this very moment.
            RequestIdReused: The request_id was used for other content.
            CustodyUnavailable, StoreUnavailable: Nothing was changed.
        """
        with Recorded(self._audit, call, ROTATE_KEY, request.key_id) as record:
            rotation = self._rotate(call, request)
            record.version, record.note = rotation.version.version, str(rotation)
            return rotation

    def _rotate(self, call: Call, request: RotateKey) -> Rotation:
        key = visible_key(self._catalogue, self._policy, call, request.key_id)
        self._policy.authorize(call, ROTATE_KEY, key)
        scope = None
        if request.request_id:
            scope = RequestScope(str(call.identity), call.method, key.id, request.request_id)
        earlier = self._earlier(scope, request)
        if earlier is not None:
            return earlier
        if request.etag and request.etag != key.etag:
            raise EtagMismatch
        if request.grace_period is not None and is_ledger_bound(key):
            rule = "Must be absent: the grace of this key begins when its version is activated."
            raise FieldInvalid.at("grace_period", rule)
        call.ensure_live()
        grace = key.grace_period if request.grace_period is None else request.grace_period
        try:
            stored = self._new_versions.add(key, grace, scope, request.content())
        except EtagMismatch:
            earlier = self._earlier(scope, request)
            if earlier is None:
                raise
            return earlier  # the same request came twice at once
        return self._told(Changed(stored, stored.versions[0].version, key.primary_version))

    def _earlier(self, scope: RequestScope | None, request: RotateKey) -> Rotation | None:
        """Return what this request did before, ``None`` if it is new."""
        if scope is None:
            return None
        changed = self._catalogue.changed_by(scope, request.content())
        return None if changed is None else self._told(changed)

    def activate(
        self, call: Call, key_id: str, number: int, grace_period: timedelta | None = None
    ) -> Key:
        """Make a pending version primary; the one that was it goes into grace.

        Args:
            call: Who asks.
            key_id: The key.
            number: The version.
            grace_period: How long the old one still signs; ``None`` takes the key's.

        Raises:
            KeyNotFound, PolicyDenied: See ``visible_key``.
            KeyVersionNotFound, KeyVersionNotPending: It cannot become primary.
            EtagMismatch: Other changes come between too often.
            StoreUnavailable: Nothing was changed.
        """

        def allow(key: Key) -> None:
            self._policy.authorize(call, ACTIVATE_KEY_VERSION, key)

        def change(key: Key) -> Key:
            grace = key.grace_period if grace_period is None else grace_period
            return activated(key, number, grace, self._onward.now())

        with Recorded(self._audit, call, ACTIVATE_KEY_VERSION, key_id) as record:
            record.version = number
            stored = self._writing.retried(call, key_id, allow, change)
            self._writing.forget(stored)
            return as_of(stored, self._onward.now())

    def _told(self, changed: Changed) -> Rotation:
        key = as_of(changed.key, self._onward.now())
        version, previous = key.version(changed.version), key.version(changed.previous)
        if version is None or previous is None:
            raise EnvelopeCorrupt
        return Rotation(key, version, previous)


def _named(version: KeyVersion) -> str:
    return f"version {version.version} {version.public_key.fingerprint.hex()}"
