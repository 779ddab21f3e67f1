"""Planning the destruction of versions, and taking it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from signward_server.core.errors import KeyVersionNotFound
from signward_server.core.keys import CustodyKind, Key, KeyVersion
from signward_server.core.ports import Audit, Call, Catalogue, Custody, Policy, Time
from signward_server.core.version_steps import restored, scheduled
from signward_server.core.versions import effective_version
from signward_server.flows.key_writing import KeyWriting
from signward_server.flows.recording import Recorded

__all__ = ["RESTORE_KEY_VERSION", "SCHEDULE_DESTROY_KEY_VERSION", "KeyVersions"]

SCHEDULE_DESTROY_KEY_VERSION = "ScheduleDestroyKeyVersion"
RESTORE_KEY_VERSION = "RestoreKeyVersion"


class KeyVersions:
    """Takes versions out of use for good, after a while in which that can be taken back.

    Args:
        catalogue: Where keys are kept.
        custodies: Where private halves are.
        policy: Who may do it.
        audit: Where each attempt is recorded.
        onward: The time by which versions end.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        custodies: Mapping[CustodyKind, Custody],
        policy: Policy,
        audit: Audit,
        onward: Time,
    ) -> None:
        self._writing = KeyWriting(catalogue=catalogue, custodies=custodies, policy=policy)
        self._policy = policy
        self._audit = audit
        self._onward = onward

    def schedule(
        self, call: Call, key_id: str, number: int, wait: timedelta
    ) -> tuple[Key, KeyVersion]:
        """Plan the destruction of a version, which signs nothing from now on.

        What it has unlocked is wiped before this returns. A version whose destruction is
        planned already keeps its time.

        Raises:
            KeyNotFound, PolicyDenied: See ``visible_key``.
            KeyVersionNotFound, KeyVersionDestroyed: There is nothing to destroy.
            KeyVersionPrimary: It is the primary version of an enabled key.
            EtagMismatch: Other changes come between too often.
            StoreUnavailable: Nothing was changed.
        """

        def step(key: Key, now: datetime) -> Key:
            return scheduled(key, number, wait, now)

        return self._changed(call, SCHEDULE_DESTROY_KEY_VERSION, key_id, number, step)

    def restore(self, call: Call, key_id: str, number: int) -> tuple[Key, KeyVersion]:
        """Take a planned destruction back; the version is retired from now on (S24).

        Raises:
            KeyNotFound, PolicyDenied: See ``visible_key``.
            KeyVersionNotFound, KeyVersionDestroyed, KeyVersionNotScheduled: There is nothing
                to take back.
            EtagMismatch: Other changes come between too often.
            StoreUnavailable: Nothing was changed.
        """

        def step(key: Key, now: datetime) -> Key:
            return restored(key, number, now)

        return self._changed(call, RESTORE_KEY_VERSION, key_id, number, step)

    def _changed(
        self,
        call: Call,
        action: str,
        key_id: str,
        number: int,
        step: Callable[[Key, datetime], Key],
    ) -> tuple[Key, KeyVersion]:
        def allow(key: Key) -> None:
            self._policy.authorize(call, action, key)

        def change(key: Key) -> Key:
            return step(key, self._onward.now())

        with Recorded(self._audit, call, action, key_id) as record:
            record.version = number
            stored = self._writing.retried(call, key_id, allow, change)
            self._writing.forget(stored)  # before the record: wiped even if that fails
            version = stored.version(number)
            if version is None:
                raise KeyVersionNotFound
            return stored, effective_version(version, self._onward.now())
