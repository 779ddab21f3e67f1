"""The schedules on fakes, with a clock that a test moves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from signward_server.core.audit_events import AuditEvent
from signward_server.core.clock import Patient
from signward_server.core.keys import CustodyKind, Key, KeyVersion, VersionState
from signward_server.core.ports import Step
from signward_server.core.version_life import effective
from signward_server.flows.new_versions import NewVersions
from signward_server.flows.schedules import (
    Destruction,
    Ending,
    KeptTime,
    Retirement,
    Rotation,
    SchedulePorts,
    Schedules,
)

from tests.fakes.catalogue_keys import catalogue_key, key_version
from tests.fakes.meter import FakeMeter
from tests.fakes.spine.audit import FakeAudit
from tests.fakes.spine.catalogue import FakeCatalogue
from tests.fakes.spine.custody import FakeCustody
from tests.fakes.spine.schedules import FakeFloor, FakeResidue, FakeTimetable, FakeTurn
from tests.fakes.stepped_clock import SteppedClock

__all__ = ["DAY", "SECOND", "Desk"]

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


class Desk:
    """What outlives a process, and one process after the other on it."""

    def __init__(self) -> None:
        self.clock = SteppedClock()
        self.catalogue = FakeCatalogue()
        self.floor = FakeFloor()
        self.audit = FakeAudit()
        self.meter = FakeMeter()
        self.custody = FakeCustody()
        self.residue = FakeResidue()
        self.turn = FakeTurn()
        self.start()

    def start(self) -> None:
        """Begin a process: whatever was only in memory is gone."""
        self.timetable = FakeTimetable(self.catalogue)
        self.time = KeptTime(self.clock, self.floor)
        self.onward = self.time.onward
        patient = Patient(self.clock)
        custodies = {CustodyKind.ENVELOPE: self.custody}
        ending = Ending(self.catalogue, custodies, self.audit)
        new_versions = NewVersions(
            catalogue=self.catalogue, custodies=custodies, clock=self.clock, onward=self.onward
        )
        ports = SchedulePorts(
            catalogue=self.catalogue,
            timetable=self.timetable,
            residue=self.residue,
            turn=self.turn,
            audit=self.audit,
            meter=self.meter,
        )
        doings = {
            Step.RETIREMENT: Retirement(ending, self.onward),
            Step.DESTRUCTION: Destruction(ending, patient),
            Step.ROTATION: Rotation(new_versions, self.audit, patient),
        }
        self.schedules = Schedules(ports, doings, self.time, DAY)

    def put(self, name: str, *states: tuple[VersionState, timedelta], **changes: Any) -> Key:
        """Store a key; states are of the versions before the primary one, with their ends."""
        now = self.clock.now()
        old = [
            key_version(name, number, state=state, grace_end_time=now + end, destroy_time=now + end)
            for number, (state, end) in enumerate(states, 1)
        ]
        primary = key_version(name, len(old) + 1, create_time=now)
        fields = {"versions": (primary, *reversed(old)), "primary_version": primary.version}
        return self.catalogue.put(catalogue_key(name, **fields | changes))

    def version(self, name: str, number: int) -> KeyVersion:
        key = self.catalogue.get(name)
        assert key is not None
        version = key.version(number)
        assert version is not None
        return version

    def state(self, name: str, number: int) -> VersionState:
        return self.version(name, number).state

    def signs(self, name: str, number: int, now: datetime | None = None) -> bool:
        """Return whether a version signs as far as time goes."""
        state = effective(self.version(name, number), now or self.time.now())
        return state in (VersionState.PRIMARY, VersionState.GRACE)

    def look(self, after: timedelta = SECOND) -> None:
        self.clock.pass_time(after)
        self.schedules.look()

    @property
    def told(self) -> list[tuple[AuditEvent, str, int]]:
        return self.audit.of_keys
