"""The life of a version, and what time has made of it.

States go one way, PENDING, PRIMARY, GRACE, RETIRED, DESTROY_SCHEDULED, DESTROYED, and may leave
some out. The one way back is a planned destruction that is taken back: it ends in RETIRED,
whatever the version was before (S24). ``docs/keys.md`` has it as a table.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Protocol

from signward_server.core.errors import (
    KeyVersionDestroyed,
    KeyVersionPending,
    KeyVersionRetired,
    SignwardError,
)
from signward_server.core.keys import (
    Key,
    KeyVersion,
    Purpose,
    VersionState,
)
from signward_server.core.version_life import effective

__all__ = [
    "NEVER_SIGNS",
    "HasPurpose",
    "as_of",
    "effective_version",
    "is_ledger_bound",
]

NEVER_SIGNS: dict[VersionState, type[SignwardError]] = {
    VersionState.PENDING: KeyVersionPending,
    VersionState.RETIRED: KeyVersionRetired,
    VersionState.DESTROY_SCHEDULED: KeyVersionDestroyed,
    VersionState.DESTROYED: KeyVersionDestroyed,
}
"""The states that sign nothing, and what they refuse with."""

_LEDGERLESS = frozenset({Purpose.RAW, Purpose.ORDER})


class HasPurpose(Protocol):
    """A key, or what is asked of one."""

    @property
    def purpose(self) -> Purpose:
        """The kind of payload that it signs."""
        ...


def is_ledger_bound(key: HasPurpose) -> bool:
    """Return whether a ledger must know a new version before it may sign."""
    return key.purpose not in _LEDGERLESS


def effective_version(version: KeyVersion, now: datetime) -> KeyVersion:
    """Return a version with its state at a time; the same object if nothing has ended."""
    state = effective(version, now)
    return version if state is version.state else dataclasses.replace(version, state=state)


def as_of(key: Key, now: datetime) -> Key:
    """Return a key with the states of its versions at a time, for showing.

    What has ended is stored by whoever watches over schedules, and by nobody else.
    """
    versions = tuple([effective_version(version, now) for version in key.versions])
    return key if versions == key.versions else dataclasses.replace(key, versions=versions)
