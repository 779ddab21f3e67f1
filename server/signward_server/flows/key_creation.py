"""Making a key: checked as a whole, made once, durable before the answer leaves."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import timedelta

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
from signward_server.core.ports import Audit, Call, Catalogue, Clock, Custody, Policy, RequestScope
from signward_server.core.versions import is_ledger_bound
from signward_server.flows.access import may_know_of_damage, may_view
from signward_server.flows.key_requests import (
    CreateKey,
    rotation_period_violations,
    unlock_ttl_violations,
)
from signward_server.flows.recording import Recorded

__all__ = ["CREATE_KEY", "KeyCreation"]

CREATE_KEY = "CreateKey"
_FIRST_VERSION = 1


class KeyCreation:
    """Makes keys.

    Args:
        catalogue: Where they are kept.
        custodies: Who can make them.
        purposes: The purposes that this daemon has a chain for.
        policy: Who may make which.
        audit: Where each attempt is recorded.
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
        audit: Audit,
        clock: Clock,
        max_unlock_ttl: timedelta,
    ) -> None:
        self._catalogue = catalogue
        self._custodies = custodies
        self._purposes = purposes
        self._policy = policy
        self._audit = audit
        self._clock = clock
        self._max_unlock_ttl = max_unlock_ttl

    def create(self, call: Call, request: CreateKey) -> Key:
        """Make a key, or return the one that the same request made before.

        Raises:
            FieldInvalid: Names each field at fault.
            KeyExists, RequestIdReused, RequestIdQuota, StoreUnavailable: See
                ``Catalogue.insert``.
            KeyNotFound: The same request made it, but the caller may not view it any more.
            EnvelopeCorrupt: The same request made it, but its row fails its MAC by now.
            CustodyUnavailable: Nothing was made.
        """
        with Recorded(self._audit, call, CREATE_KEY, request.attributes.id):
            return self._create(call, request)

    def _create(self, call: Call, request: CreateKey) -> Key:
        self._check(request)
        draft = self._draft(call, request)
        self._policy.authorize(call, CREATE_KEY, draft)
        scope = None
        if request.request_id:
            scope = RequestScope(str(call.identity), call.method, draft.id, request.request_id)
            made = self._made_before(call, scope, request.content())
            if made is not None and not may_view(self._policy, call, made):
                raise KeyNotFound  # it has changed hands since
            if made is not None:
                return made
        if self._is_taken(draft.id):
            raise KeyExists
        if request.validate_only:
            return draft
        call.ensure_live()
        return self._make(draft, scope, request.content())

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
        if attributes.purpose not in self._purposes:
            violations.append(FieldViolation("purpose", "This daemon signs nothing for it."))
        if attributes.network and not is_ledger_bound(attributes):
            violations.append(FieldViolation("network", "Must be empty for raw and order keys."))
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

    def _make(self, draft: Key, scope: RequestScope | None, content: bytes) -> Key:
        custody = self._custodies.get(draft.custody)
        if custody is None:
            raise CustodyUnavailable
        created = custody.create(draft, _FIRST_VERSION)
        version = KeyVersion(
            version=_FIRST_VERSION,
            state=VersionState.PRIMARY,
            public_key=created.public_key,
            create_time=draft.create_time,
            backend_ref=created.backend_ref,
        )
        key = dataclasses.replace(draft, primary_version=_FIRST_VERSION, versions=(version,))
        return self._catalogue.insert(key, created.material, scope, content)
