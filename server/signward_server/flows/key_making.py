"""What making a key takes: checked as a whole, made once, durable before the answer leaves."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeAlias

from signward_server.core.errors import (
    CustodyUnavailable,
    EnvelopeCorrupt,
    FieldInvalid,
    FieldViolation,
    KeyExists,
    KeyNotFound,
)
from signward_server.core.keys import (
    Algorithm,
    CustodyKind,
    Key,
    KeyVersion,
    Purpose,
    VersionState,
)
from signward_server.core.ports import (
    Call,
    Catalogue,
    Clock,
    CreatedVersion,
    Custody,
    Policy,
    RequestScope,
)
from signward_server.flows.access import may_know_of_damage, may_view
from signward_server.flows.key_pins import purpose_violations, vault_violations
from signward_server.flows.key_requests import (
    CreateKey,
    rotation_period_violations,
    unlock_ttl_violations,
)

__all__ = ["FIRST_VERSION", "KeyMaking", "Obtain"]

FIRST_VERSION = 1

Obtain: TypeAlias = Callable[[Custody, Key], CreatedVersion]
"""Brings the key pair of a key as requested into its custody."""


class KeyMaking:
    """Makes keys, wherever their private halves come from.

    Args:
        catalogue: Where they are kept.
        custodies: Who can make them.
        purposes: The purposes that this daemon has a chain for.
        policy: Who may make which.
        clock: Creation times.
        max_unlock_ttl: The longest that a key may ask to stay unlocked (S19).
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        custodies: Mapping[CustodyKind, Custody],
        purposes: frozenset[Purpose],
        policy: Policy,
        clock: Clock,
        max_unlock_ttl: timedelta,
    ) -> None:
        self._catalogue = catalogue
        self._custodies = custodies
        self._purposes = purposes
        self._policy = policy
        self._clock = clock
        self._max_unlock_ttl = max_unlock_ttl

    def make(
        self, call: Call, action: str, request: CreateKey, content: bytes, obtain: Obtain
    ) -> Key:
        """Make a key, or return the one that the same request made before.

        Args:
            call: The call that asks for it.
            action: What the policy is asked about.
            request: The key.
            content: SHA-256 of everything that the answer depends on.
            obtain: Called once everything else is known to be right.

        Returns:
            The key; without versions if the request is only to be validated.

        Raises:
            FieldInvalid: Names each field at fault.
            KeyExists, RequestIdReused, RequestIdQuota, StoreUnavailable: See
                ``Catalogue.insert``.
            KeyNotFound: The same request made it, but the caller may not view it any more.
            EnvelopeCorrupt: The same request made it, but its row fails its MAC by now.
            CustodyUnavailable: Nothing was made.
        """
        self._check(request)
        draft = self._draft(call, request)
        self._policy.authorize(call, action, draft)
        scope = None
        if request.request_id:
            scope = RequestScope(str(call.identity), call.method, draft.id, request.request_id)
            made = self._made_before(call, scope, content)
            if made is not None and not may_view(self._policy, call, made):
                raise KeyNotFound  # it has changed hands since
            if made is not None:
                return made
        if self._is_taken(draft.id):
            raise KeyExists
        if request.validate_only:
            return draft
        call.ensure_live()
        custody = self._custodies.get(draft.custody)
        if custody is None:
            raise CustodyUnavailable
        key, material = _completed(draft, obtain(custody, draft))
        return self._catalogue.insert(key, material, scope, content)

    def _made_before(self, call: Call, scope: RequestScope, content: bytes) -> Key | None:
        try:
            return self._catalogue.created_by(scope, content)
        except EnvelopeCorrupt:
            if may_know_of_damage(self._policy, call):
                raise
            return None  # its id is taken all the same

    def _is_taken(self, key_id: str) -> bool:
        try:
            return self._catalogue.get(key_id) is not None
        except EnvelopeCorrupt:
            return True

    def _check(self, request: CreateKey) -> None:
        attributes = request.attributes
        violations = list(unlock_ttl_violations(request.unlock_ttl, self._max_unlock_ttl))
        custody = self._custodies.get(attributes.custody)
        if custody is None:
            violations.append(FieldViolation("custody", "This daemon does not have it."))
        elif attributes.algorithm not in custody.algorithms:
            violations.append(
                FieldViolation("algorithm", "The custody makes no keys of this algorithm.")
            )
        violations += purpose_violations(attributes, self._purposes)
        violations += vault_violations(attributes)
        if attributes.allow_digest and (
            attributes.purpose is not Purpose.RAW
            or attributes.algorithm is not Algorithm.ECDSA_SECP256K1
        ):
            violations.append(
                FieldViolation("allow_digest", "Only raw secp256k1 keys may sign digests.")
            )
        violations.extend(rotation_period_violations(request.rotation_period, attributes))
        if violations:
            raise FieldInvalid(violations=violations)

    def _draft(self, call: Call, request: CreateKey) -> Key:
        """Return the key as requested, without a version yet."""
        attributes = request.attributes
        now = self._clock.now()
        return Key(
            id=attributes.id,
            algorithm=attributes.algorithm,
            custody=attributes.custody,
            purpose=attributes.purpose,
            network=attributes.network,
            allow_digest=attributes.allow_digest,
            vault_address=attributes.vault_address,
            owner=request.owner or str(call.identity),
            user_id=request.user_id,
            labels=dict(request.labels),
            unlock_ttl=request.unlock_ttl,
            grace_period=timedelta(days=30)
            if request.grace_period is None
            else request.grace_period,
            rotation_period=request.rotation_period,
            primary_version=0,
            versions=(),
            create_time=now,
            update_time=now,
        )


def _completed(draft: Key, created: CreatedVersion) -> tuple[Key, bytes | None]:
    """Return a key with its first version, and the material of that."""
    version = KeyVersion(
        version=FIRST_VERSION,
        state=VersionState.PRIMARY,
        public_key=created.public_key,
        create_time=draft.create_time,
        backend_ref=created.backend_ref,
    )
    key = dataclasses.replace(draft, primary_version=FIRST_VERSION, versions=(version,))
    return key, created.material
