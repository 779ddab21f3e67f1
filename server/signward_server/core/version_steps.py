"""What each step in the life of a version makes of its key.

Every function takes a key as it is stored and returns it changed, or refuses; nothing here
reads a clock or stores anything. What time has ended counts as ended, and is left to be
stored by whoever watches over schedules.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

from signward_server.core.errors import (
    FieldInvalid,
    KeyVersionDestroyed,
    KeyVersionNotFound,
    KeyVersionNotPending,
    KeyVersionNotScheduled,
    KeyVersionPrimary,
    KeyVersionQuota,
)
from signward_server.core.keys import Key, KeyState, KeyVersion, VersionState
from signward_server.core.version_life import effective
from signward_server.core.versions import NEVER_SIGNS, is_ledger_bound

__all__ = [
    "MOST_VERSIONS",
    "activated",
    "grace_ended",
    "next_number",
    "restored",
    "retired",
    "rotated",
    "scheduled",
]

_ENDED = frozenset({VersionState.RETIRED, VersionState.DESTROY_SCHEDULED, VersionState.DESTROYED})

MOST_VERSIONS = 10_000
"""Versions that a key can have: a year of rotations by the hour."""


def next_number(key: Key) -> int:
    """Return the number of the version that comes next.

    Raises:
        KeyVersionQuota: There are ``MOST_VERSIONS`` already. All of them stay in memory and
            under one MAC, which each change of the key computes anew.
    """
    newest = max(version.version for version in key.versions)
    if newest >= MOST_VERSIONS:
        raise KeyVersionQuota
    return newest + 1


def rotated(key: Key, fresh: KeyVersion, grace: timedelta, now: datetime) -> Key:
    """Return a key with a new version: primary, or pending where a ledger must know it first.

    Args:
        key: The key.
        fresh: The new version; its state does not count.
        grace: How long the version that was primary still signs; zero retires it.
        now: When.
    """
    pending = dataclasses.replace(fresh, state=VersionState.PENDING)
    if not is_ledger_bound(key):
        key = dataclasses.replace(key, versions=(pending, *key.versions))
        return activated(key, fresh.version, grace, now)
    superseded = tuple(
        _in_state(version, VersionState.RETIRED)
        if version.state is VersionState.PENDING
        else version
        for version in key.versions
    )
    return dataclasses.replace(key, versions=(pending, *superseded))


def activated(key: Key, number: int, grace: timedelta, now: datetime) -> Key:
    """Return a key whose pending version has become primary.

    Raises:
        KeyVersionNotFound, KeyVersionNotPending: It cannot.
    """
    version = _known(key, number)
    if version.state is not VersionState.PENDING:
        raise KeyVersionNotPending
    primary = key.version(0)
    if primary is not None and primary.state is VersionState.PRIMARY:
        key = _with(key, _replaced(primary, grace, now))
    key = _with(key, _in_state(version, VersionState.PRIMARY))
    return dataclasses.replace(key, primary_version=number)


def grace_ended(key: Key, number: int, end: datetime | None, now: datetime) -> Key:
    """Return a key whose version in grace retires earlier (S24).

    A version that has retired already stays as it is if it is to retire at once.

    Args:
        key: The key.
        number: The version.
        end: When it retires, no later than it would anyway; ``None`` or the past: at once.
        now: When that is.

    Raises:
        KeyVersionNotFound, KeyVersionPending, KeyVersionRetired, KeyVersionDestroyed: It is
            not in grace.
        FieldInvalid: It is primary, or would retire later than it would anyway.
    """
    version = _known(key, number)
    state = effective(version, now)
    end = now if end is None else max(end, now)
    if state is VersionState.RETIRED and end == now:
        return key
    if state in NEVER_SIGNS:
        raise NEVER_SIGNS[state]
    if state is VersionState.PRIMARY:
        raise FieldInvalid.at("grace_version", "Must be in grace; this version is primary.")
    if version.grace_end_time is None or end > version.grace_end_time:
        raise FieldInvalid.at("grace_end_time", "Must not be later than it is.")
    shortened = dataclasses.replace(version, grace_end_time=end)
    return _with(key, shortened if end > now else _in_state(shortened, VersionState.RETIRED))


def retired(key: Key, number: int, now: datetime) -> Key:
    """Return a key whose version signs nothing from now on, the primary one too.

    One that has ended already stays as it is.

    Raises:
        KeyVersionNotFound: There is no such version.
    """
    version = _known(key, number)
    if version.state in _ENDED:
        return key
    return _with(key, _in_state(_stopped(version, now), VersionState.RETIRED))


def scheduled(key: Key, number: int, wait: timedelta, now: datetime) -> Key:
    """Return a key whose version will be destroyed, and signs nothing from now on.

    One whose destruction is planned already keeps its time.

    Raises:
        KeyVersionNotFound, KeyVersionDestroyed: There is nothing to destroy.
        KeyVersionPrimary: It is the primary version of an enabled key.
    """
    version = _known(key, number)
    state = effective(version, now)
    if state is VersionState.DESTROYED:
        raise KeyVersionDestroyed
    if state is VersionState.PRIMARY and key.state is KeyState.ENABLED:
        raise KeyVersionPrimary
    if state is VersionState.DESTROY_SCHEDULED:
        return key
    ended = _stopped(version, now)
    planned = _in_state(ended, VersionState.DESTROY_SCHEDULED)
    return _with(key, dataclasses.replace(planned, destroy_time=now + wait))


def restored(key: Key, number: int, now: datetime) -> Key:
    """Return a key whose version will not be destroyed; it is retired, whatever it was (S24).

    Raises:
        KeyVersionNotFound, KeyVersionDestroyed, KeyVersionNotScheduled: It cannot come back.
    """
    version = _known(key, number)
    state = effective(version, now)
    if state is VersionState.DESTROYED:
        raise KeyVersionDestroyed
    if state is not VersionState.DESTROY_SCHEDULED:
        raise KeyVersionNotScheduled
    kept = _in_state(version, VersionState.RETIRED)
    return _with(key, dataclasses.replace(kept, destroy_time=None))


def _known(key: Key, number: int) -> KeyVersion:
    version = key.version(number) if number else None
    if version is None:
        raise KeyVersionNotFound
    return version


def _in_state(version: KeyVersion, state: VersionState) -> KeyVersion:
    return dataclasses.replace(version, state=state)


def _replaced(primary: KeyVersion, grace: timedelta, now: datetime) -> KeyVersion:
    state = VersionState.GRACE if grace > timedelta(0) else VersionState.RETIRED
    return dataclasses.replace(primary, state=state, grace_end_time=now + grace)


def _stopped(version: KeyVersion, now: datetime) -> KeyVersion:
    """Return a version whose grace, if it still runs, ends now."""
    if effective(version, now) is not VersionState.GRACE:
        return version
    return dataclasses.replace(version, grace_end_time=now)


def _with(key: Key, changed: KeyVersion) -> Key:
    versions = tuple(
        changed if version.version == changed.version else version for version in key.versions
    )
    return dataclasses.replace(key, versions=versions)
