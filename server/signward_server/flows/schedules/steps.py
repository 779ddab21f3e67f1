"""The steps that time brings to a key: each changes it in one transaction, or not at all."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Protocol

from signward_server.core.audit_events import AuditEvent
from signward_server.core.clock import Onward, Patient
from signward_server.core.keys import (
    CustodyKind,
    Freeze,
    Key,
    KeyState,
    KeyVersion,
    VersionState,
)
from signward_server.core.ports import Audit, Catalogue, Custody
from signward_server.core.version_life import effective
from signward_server.core.versions import is_ledger_bound
from signward_server.flows.new_versions import NewVersions

__all__ = ["Destruction", "Doing", "Ending", "Retirement", "Rotation"]


class Doing(Protocol):
    """One kind of step."""

    def time(self) -> float:
        """Return the time that it goes by, in seconds since the epoch."""
        ...

    def concerned(self, key: Key) -> int:
        """Return the number of the version that it comes to next, 0 if it comes to none."""
        ...

    def do(self, key: Key) -> bool:
        """Do and record it for each version whose time has come; return whether there was one.

        Raises:
            SignwardError: Nothing was changed.
        """
        ...


@dataclass(frozen=True, slots=True)
class Ending:
    """What both ends of a version need.

    Attributes:
        catalogue: Where keys are kept.
        custodies: Who has to forget them.
        audit: Where it is recorded.
    """

    catalogue: Catalogue
    custodies: Mapping[CustodyKind, Custody]
    audit: Audit

    def end(
        self, key: Key, has_ended: Callable[[KeyVersion], bool], state: VersionState
    ) -> list[KeyVersion]:
        """Store versions that have ended in their new state; wipe them; return them."""
        ended = [version for version in key.versions if has_ended(version)]
        if ended:
            versions = tuple(
                dataclasses.replace(version, state=state) if version in ended else version
                for version in key.versions
            )
            self.catalogue.replace(dataclasses.replace(key, versions=versions), key.revision)
            custody = self.custodies.get(key.custody)
            if custody is not None:
                custody.forget(key.id)
        return ended


class Retirement:
    """Stores of a version whose grace has ended that it is retired.

    It goes by time that never goes back: nobody signs with it any more anyway.
    """

    def __init__(self, ending: Ending, onward: Onward) -> None:
        self._ending = ending
        self._onward = onward
        self.time = onward.time

    def concerned(self, key: Key) -> int:
        """See ``Doing``."""
        return _earliest(key, VersionState.GRACE, attrgetter("grace_end_time"))

    def do(self, key: Key) -> bool:
        """See ``Doing``."""
        now = self._onward.now()

        def has_ended(version: KeyVersion) -> bool:
            return effective(version, now) is not version.state

        ended = self._ending.end(key, has_ended, VersionState.RETIRED)
        for version in ended:
            self._ending.audit.note(AuditEvent.RETIRED, {}, key=key.id, version=version.version)
        return bool(ended)


class Destruction:
    """Destroys a version whose wait is over: its material is deleted and wiped.

    It goes by time that no clock that is set ahead brings nearer.

    Attributes:
        done: Whether anything was destroyed since this was set to ``False``.
    """

    def __init__(self, ending: Ending, patient: Patient) -> None:
        self._ending = ending
        self._patient = patient
        self.time = patient.time
        self.done = False

    def concerned(self, key: Key) -> int:
        """See ``Doing``."""
        return _earliest(key, VersionState.DESTROY_SCHEDULED, attrgetter("destroy_time"))

    def do(self, key: Key) -> bool:
        """See ``Doing``."""
        now = self._patient.now()

        def has_ended(version: KeyVersion) -> bool:
            return (
                version.state is VersionState.DESTROY_SCHEDULED
                and version.destroy_time is not None
                and version.destroy_time <= now
            )

        ended = self._ending.end(key, has_ended, VersionState.DESTROYED)
        for version in ended:
            self.done = True
            self._ending.audit.note(AuditEvent.DESTROYED, {}, key=key.id, version=version.version)
        return bool(ended)


class Rotation:
    """Rotates a key whose primary version has reached the age for that.

    Keys that a ledger knows are left alone, and so are those that an operator has stopped.
    """

    def __init__(self, new_versions: NewVersions, audit: Audit, patient: Patient) -> None:
        self._new_versions = new_versions
        self._audit = audit
        self._patient = patient
        self.time = patient.time

    def concerned(self, key: Key) -> int:
        """See ``Doing``."""
        rotates = (
            key.rotation_period
            and not is_ledger_bound(key)
            and key.state is KeyState.ENABLED
            and key.freeze is Freeze.NONE
        )
        primary = key.version(0)
        if not rotates or primary is None or primary.state is not VersionState.PRIMARY:
            return 0
        return primary.version

    def do(self, key: Key) -> bool:
        """See ``Doing``."""
        primary = key.version(self.concerned(key) or -1)
        if primary is None or primary.create_time + key.rotation_period > self._patient.now():
            return False
        stored = self._new_versions.add(key, key.grace_period)
        details = {"previous": primary.version}
        self._audit.note(AuditEvent.ROTATED, details, key=key.id, version=stored.primary_version)
        return True


def _earliest(key: Key, state: VersionState, end: Callable[[KeyVersion], datetime | None]) -> int:
    """Return the number of the version in a state that leaves it first, 0 if none is in it."""
    leaving = [version for version in key.versions if version.state is state]
    first = min(leaving, key=lambda version: end(version) or version.create_time, default=None)
    return first.version if first else 0
