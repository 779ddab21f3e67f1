"""Changing what may change of a key, the end of a running grace included."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import timedelta

from signward_server.core.errors import EtagMismatch, FieldInvalid
from signward_server.core.keys import CustodyKind, Key, KeyState
from signward_server.core.ports import Audit, Call, Catalogue, Custody, Policy, Time
from signward_server.core.version_steps import grace_ended
from signward_server.core.versions import NEVER_SIGNS, as_of
from signward_server.flows.access import visible_key
from signward_server.flows.key_requests import (
    UpdateKey,
    rotation_period_violations,
    unlock_ttl_violations,
)
from signward_server.flows.key_writing import KeyWriting
from signward_server.flows.recording import Recorded

__all__ = ["CHANGE_KEY_LABELS", "CHANGE_KEY_OWNER", "UPDATE_KEY", "KeyChanges"]

UPDATE_KEY = "UpdateKey"
CHANGE_KEY_OWNER = "ChangeKeyOwner"
CHANGE_KEY_LABELS = "ChangeKeyLabels"
_STATE_ACTIONS = {KeyState.DISABLED: "DisableKey", KeyState.ENABLED: "EnableKey"}


class KeyChanges:
    """Changes keys by compare-and-swap on their stored row."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        custodies: Mapping[CustodyKind, Custody],
        policy: Policy,
        audit: Audit,
        onward: Time,
        max_unlock_ttl: timedelta,
    ) -> None:
        self._writing = KeyWriting(catalogue=catalogue, custodies=custodies, policy=policy)
        self._catalogue = catalogue
        self._policy = policy
        self._audit = audit
        self._onward = onward
        self._max_unlock_ttl = max_unlock_ttl

    def update(self, call: Call, request: UpdateKey) -> Key:
        """Change owner, labels or times.

        What a version in grace has unlocked is wiped before this returns, if that is to
        retire at once (S24).

        Raises:
            FieldInvalid: The key would stay unlocked for longer than this daemon allows, be
                rotated without its ledger, or a grace would get longer.
            KeyVersionNotFound, KeyVersionPending, KeyVersionRetired, KeyVersionDestroyed: No
                grace of this version can end.
            KeyNotFound, PolicyDenied: See ``visible_key``; the policy judges the old and
                the new values (S8).
            EtagMismatch: It changed since it was read, or changes at this very moment.
            StoreUnavailable: Nothing was changed.
        """
        with Recorded(self._audit, call, UPDATE_KEY, request.key_id) as record:
            record.version = request.grace_version
            return as_of(self._update(call, request), self._onward.now())

    def _update(self, call: Call, request: UpdateKey) -> Key:
        key = visible_key(self._catalogue, self._policy, call, request.key_id)
        violations = unlock_ttl_violations(request.unlock_ttl, self._max_unlock_ttl)
        violations += rotation_period_violations(request.rotation_period, key)
        if violations:
            raise FieldInvalid(violations=violations)
        if request.etag and request.etag != key.etag:
            raise EtagMismatch
        changed = _apply(key, request)
        if request.grace_version:
            end = request.grace_end_time
            changed = grace_ended(changed, request.grace_version, end, self._onward.now())
        for action in _actions(key, changed):
            self._policy.authorize(call, action, key)
            self._policy.authorize(call, action, changed)
        stored = self._writing.replace(call, key, changed)
        if stored.unlock_ttl != key.unlock_ttl or stored.versions != key.versions:
            self._writing.forget(stored)
        return stored

    def set_state(self, call: Call, key_id: str, state: KeyState, reason: str = "") -> Key:
        """Enable or disable a key; a key that is so already stays as it is.

        A disabled key's secrets are wiped before this returns. The reason is recorded.

        Raises:
            KeyNotFound, PolicyDenied: See ``visible_key``.
            KeyVersionRetired, KeyVersionDestroyed: It is to be enabled, but its primary
                version was to be destroyed; a rotation gives it another one.
            EtagMismatch: Another change came between too often.
            StoreUnavailable: Nothing was changed.
        """
        action = _STATE_ACTIONS[state]

        def allow(key: Key) -> None:
            self._policy.authorize(call, action, key)

        def change(key: Key) -> Key:
            if state is KeyState.ENABLED:
                _ensure_primary(key)
            return dataclasses.replace(key, state=state)

        with Recorded(self._audit, call, action, key_id, reason):
            stored = self._writing.retried(call, key_id, allow, change)
            if state is KeyState.DISABLED:
                self._writing.forget(stored)  # before the record: wiped even if that fails
            return as_of(stored, self._onward.now())


def _ensure_primary(key: Key) -> None:
    primary = key.version(0)
    if primary is not None and primary.state in NEVER_SIGNS:
        raise NEVER_SIGNS[primary.state]


def _apply(key: Key, request: UpdateKey) -> Key:
    unlock_ttl = key.unlock_ttl if request.unlock_ttl is None else request.unlock_ttl
    return dataclasses.replace(
        key,
        owner=key.owner if request.owner is None else request.owner,
        labels=key.labels if request.labels is None else dict(request.labels),
        unlock_ttl=None if request.reset_unlock_ttl else unlock_ttl,
        grace_period=key.grace_period if request.grace_period is None else request.grace_period,
        rotation_period=(
            key.rotation_period if request.rotation_period is None else request.rotation_period
        ),
    )


def _actions(old: Key, new: Key) -> list[str]:
    """Policy actions that a change takes: owner and labels feed policies (S8)."""
    actions = [UPDATE_KEY]
    if new.owner != old.owner:
        actions.append(CHANGE_KEY_OWNER)
    if new.labels != old.labels:
        actions.append(CHANGE_KEY_LABELS)
    return actions
