"""What a rotation of the KEK works on: the store, both KEKs, the home's own files and its log."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from signward_server.audit.checkpoint_key import CheckpointKey
from signward_server.audit.log import Log
from signward_server.audit.opening import open_log
from signward_server.config import Settings
from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import AuditUnavailable
from signward_server.core.ports import Clock
from signward_server.core.startup import AuditRefused, CustodyRefused, NotAdopted
from signward_server.custody.envelope import Kek, KekRowAuthenticator
from signward_server.custody.memory import LockedMemory
from signward_server.custody.native import Native, load_native
from signward_server.home.kek import provider_at
from signward_server.home.kek_access import KekAccess
from signward_server.home.kek_places import KekPlace, Plan, PlanFile
from signward_server.home.layout import Home
from signward_server.home.store_place import store_place
from signward_server.store import Rekeying, RekeyingState, Store, open_store
from signward_server.telemetry.metrics import Metrics
from signward_server.wiring.auditing import log_options
from signward_server.wiring.standing import Standing, open_standing

__all__ = ["Keks", "RotationAccess", "RotationParts", "keks_of", "open_parts", "rekey_instance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationAccess:
    """How this process comes to both KEKs.

    Attributes:
        old: To the one that rows are under.
        new: To the one that they go to.
    """

    old: KekAccess
    new: KekAccess


@dataclass(frozen=True, slots=True)
class Keks:
    """Both KEKs."""

    old: Kek
    new: Kek


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationParts:
    """What is open.

    Attributes:
        settings: The configuration.
        home: Its folder.
        native: Both libraries.
        memory: Locked slots.
        store: The store.
        rekeying: What it offers to a rotation.
        plan: What the home remembers.
        clock: Time.
    """

    settings: Settings
    home: Path
    native: Native
    memory: LockedMemory
    store: Store
    rekeying: Rekeying
    plan: PlanFile
    clock: Clock

    def standing(self, kek: Kek) -> Standing:
        """Return what the home knows of itself, under a KEK."""
        rows = KekRowAuthenticator(kek)
        return open_standing(self.settings, self.home, self.store.homes(), rows)

    def load(self, place: KekPlace, access: KekAccess, called: str, opened: ExitStack) -> Kek:
        """Return the KEK of a place.

        Raises:
            KekFileError: It cannot be used.
            CustodyUnavailable: There is no locked memory for it.
        """
        kek = provider_at(place, self.native.sodium, access, called).load(self.memory)
        opened.callback(kek.close)
        return kek

    def record(self, facts: Mapping[str, str | int]) -> None:
        """Write a record to the audit log; it is there for good when this returns.

        Raises:
            AuditRefused: It cannot be recorded.
        """
        section = self.settings.audit
        key = CheckpointKey.load(section.origin, section.checkpoint_key)
        log = open_log(log_options(section, ()), key, self.clock, Metrics())
        with contextlib.closing(log):
            _record(log, facts)


def open_parts(settings: Settings, home: Path, clock: Clock, opened: ExitStack) -> RotationParts:
    """Open what a rotation works on.

    A store of an older release is brought to this one.

    Args:
        settings: The configuration.
        home: Its folder; the caller holds the locks.
        clock: Time.
        opened: Takes what closes it again, wiped.

    Raises:
        StartupFailed: Says what is wrong and what to do.
    """
    section = settings.custody.envelope
    native = load_native(allow_unlisted=section.allow_unlisted_libraries)
    memory = LockedMemory(native.sodium, section.locked_memory)
    opened.callback(memory.close)
    store = open_store(store_place(settings.store), clock)
    opened.callback(store.close)
    return RotationParts(
        settings=settings,
        home=home,
        native=native,
        memory=memory,
        store=store,
        rekeying=store.rekeying(),
        plan=PlanFile(home),
        clock=clock,
    )


def keks_of(
    parts: RotationParts,
    state: RekeyingState,
    plan: Plan,
    access: RotationAccess,
    opened: ExitStack,
) -> Keks:
    """Return both KEKs of a rotation that was begun.

    Raises:
        CustodyRefused: They are not those that it was begun with.
    """
    source, target = plan.source, plan.target
    if state.stage == "left":
        if source.is_file:
            source = KekPlace(source.kind, source.needed(state.old))
    elif target.is_file:
        target = target.draft
    old = parts.load(source, access.old, "the old KEK", opened)
    new = parts.load(target, access.new, "the new KEK", opened)
    if (old.kek_id, new.kek_id) != (state.old, state.new):
        raise CustodyRefused(
            f"the rotation goes from the KEK {state.old.hex()} to {state.new.hex()}, and these are "
            f"{old.kek_id.hex()} and {new.kek_id.hex()}",
            "put back what it was begun with",
        )
    return Keks(old, new)


def _record(log: Log, facts: Mapping[str, str | int]) -> None:
    log.note(AuditEvent.KEK_ROTATION, facts)
    try:
        log.checkpoint()
    except AuditUnavailable as exc:
        raise AuditRefused("the rotation cannot be recorded", "check the disk") from exc


def rekey_instance(parts: RotationParts, keks: Keks) -> None:
    """Have what the home knows of itself be authentic under the new KEK.

    What is not authentic under the old one is left alone: it asks to be adopted before and
    after.

    Raises:
        OSError: It cannot be written.
    """
    numbered = parts.settings.home.file_number
    path = Home(parts.home).instance
    if not path.exists():
        return
    try:
        known = parts.standing(keks.old).file.read(numbered=numbered)
    except NotAdopted:
        return
    if known is not None:
        parts.standing(keks.new).file.write(known)
