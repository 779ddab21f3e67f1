"""Says of a home that it is the one that signs from now on (S41)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from signward_server.audit.checkpoint_key import CheckpointKey
from signward_server.audit.log import Log
from signward_server.audit.opening import open_log
from signward_server.config import Settings
from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import AuditUnavailable
from signward_server.core.ports import Clock
from signward_server.core.startup import AuditRefused, NotAdopted
from signward_server.custody.envelope import KekRowAuthenticator
from signward_server.custody.memory import LockedMemory
from signward_server.custody.native import load_native
from signward_server.home.instance import Instance
from signward_server.home.kek import kek_provider
from signward_server.home.kek_access import KekAccess
from signward_server.home.parts import translated
from signward_server.home.sealing import refuse_foreign_kek, refuse_unfinished_rotation
from signward_server.home.store_place import store_place
from signward_server.store import open_store
from signward_server.telemetry.metrics import Metrics
from signward_server.wiring.auditing import log_options
from signward_server.wiring.standing import Standing, kept_checkpoint, open_standing

__all__ = ["Adopting", "adopting"]

_NOTHING = "it is the one that last signed; adopting it only closes what is open"


@dataclass(frozen=True, slots=True)
class Adopting:
    """A home that can be adopted.

    Attributes:
        finding: Why it does not sign, in a sentence.
        records: How many records its audit log has.
        joins: Whether others serve from its store.
    """

    finding: str
    records: int
    joins: bool
    _before: Instance | None
    _standing: Standing
    _log: Log
    _clock: Clock
    _several: bool

    def adopt(self) -> Instance:
        """Record it, give the home a generation that no copy of it has had, and remember when.

        Returns:
            What the home knows of itself now.

        Raises:
            AuditRefused: It cannot be recorded; nothing was changed.
            StoreUnavailable: The store cannot be written; nothing but the record was made.
            OSError: The home cannot be written; it asks to be adopted still.
        """
        home, generation = self._next()
        now = self._standing.adoption.adopted(home, generation)
        details: dict[str, str | int] = {
            "home": now.home,
            "generation": generation,
            "finding": self.finding,
        }
        self._log.note(AuditEvent.ADOPTED, details)
        try:
            self._log.checkpoint()
        except AuditUnavailable as exc:
            raise AuditRefused("the adoption cannot be recorded", "check the disk") from exc
        self._standing.homes.adopt(now.home, generation, self._clock.now(), joins=self.joins)
        self._standing.file.write(now)
        return now

    def _next(self) -> tuple[str, int]:
        """Return the home's id, empty for a new one, and a generation that no copy of it has."""
        generations = self._standing.homes.generations()
        known = list(generations)
        # A database is shared: a home that has no file is one more.
        home, said = known[0] if len(known) == 1 and not self._several else "", 0
        if self._before:
            home, said = self._before.home, self._before.generation
        # By two: a copy that was just being started may be one ahead of what it says.
        return home, max(said, generations.get(home, 0)) + 2


@contextmanager
def adopting(settings: Settings, home: Path, clock: Clock, access: KekAccess) -> Iterator[Adopting]:
    """Open a home that nobody else works on, to look at it and to adopt it.

    A store of an older release is brought to this one.

    Args:
        settings: The configuration.
        home: Its folder; the caller holds the locks.
        clock: Time.
        access: How this process comes to the KEK.

    Raises:
        StartupFailed: It cannot be adopted; says what to do.
    """
    section = settings.custody.envelope
    with ExitStack() as opened, translated():
        native = load_native(allow_unlisted=section.allow_unlisted_libraries)
        memory = LockedMemory(native.sodium, section.locked_memory)
        opened.callback(memory.close)
        kek = kek_provider(section, native.sodium, access).load(memory)
        opened.callback(kek.close)
        store = open_store(store_place(settings.store), clock)
        opened.callback(store.close)
        refuse_unfinished_rotation(store.rekeying())
        rows = KekRowAuthenticator(kek)
        catalogue = store.catalogue(rows)
        refuse_foreign_kek(catalogue.quarantined, len(catalogue), store.rekeying(), kek.kek_id)
        standing = open_standing(settings, home, store.homes(), rows)
        before, finding = _found(standing)
        seen = (standing.adoption.seen(before), kept_checkpoint(settings))
        key = CheckpointKey.load(settings.audit.origin, settings.audit.checkpoint_key)
        options = log_options(settings.audit, [each for each in seen if each])
        log = open_log(options, key, clock, Metrics())
        opened.callback(log.close)
        several = bool(settings.store.url)
        joins = several and not store.rekeying().is_alone(clock)
        yield Adopting(finding, log.size, joins, before, standing, log, clock, several)


def _found(standing: Standing) -> tuple[Instance | None, str]:
    """Return what the home knew of itself, if that is genuine, and what speaks against it."""
    try:
        before = standing.file.read(numbered=False)
    except NotAdopted:
        before = None
    try:
        standing.adoption.ensure_adopted()
    except NotAdopted as exc:
        return before, exc.problem
    return before, _NOTHING
