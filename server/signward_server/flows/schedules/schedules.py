"""Looks each second whether the time of anything has come, and does it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import (
    AuditUnavailable,
    EnvelopeCorrupt,
    EtagMismatch,
    SignwardError,
    StoreUnavailable,
)
from signward_server.core.keys import Key
from signward_server.core.ports import (
    Audit,
    Catalogue,
    Event,
    Meter,
    Residue,
    Step,
    Timetable,
    Turn,
)
from signward_server.flows.schedules.agenda import Agenda
from signward_server.flows.schedules.kept_time import KeptTime
from signward_server.flows.schedules.steps import Destruction, Doing

__all__ = ["SchedulePorts", "Schedules"]

_MOST = {Step.RETIREMENT: 64, Step.DESTRUCTION: 32, Step.ROTATION: 16}  # in one look
_MOST_ANNOUNCED = 128  # of each kind in one look
_RETRY = 60.0  # seconds until what has failed is tried again
_SOON = 1.0  # seconds until memory knows what the store does
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulePorts:
    """What schedules need from the other parts."""

    catalogue: Catalogue
    timetable: Timetable
    residue: Residue
    turn: Turn
    audit: Audit
    meter: Meter


class Schedules:
    """Ends, destroys and rotates what has its time, in the one process whose turn it is.

    Each look does a bounded number of steps, so that ten thousand keys of one age take some
    minutes and hold up nobody. Before anything is done it is announced in the audit log.
    For one thread; others may look at the attributes.

    Args:
        ports: The other parts.
        doings: What is done in each step.
        time: Time that never goes back; it is stored at each look.
        announce: How long ahead a step is announced.

    Attributes:
        next: When the next step of each kind is due, in seconds since the epoch; empty in a
            process whose turn it is not.
        waiting: How many keys have a step of each kind ahead; empty likewise.
    """

    def __init__(
        self,
        ports: SchedulePorts,
        doings: Mapping[Step, Doing],
        time: KeptTime,
        announce: timedelta,
    ) -> None:
        self._ports = ports
        self._doings = doings
        self._time = time
        self._announce = announce.total_seconds()
        self._agendas: dict[Step, Agenda] = {}
        self._has_turn = False
        self._unwiped = False
        self._failing = ""  # why the last look failed
        self.next: Mapping[Step, float] = {}
        self.waiting: Mapping[Step, int] = {}

    def look(self) -> None:
        """Do what there is to do now; what fails is counted, and tried again."""
        had_turn, self._has_turn = self._has_turn, False  # until it is known to be ours
        try:
            if self._ports.turn.held():
                if not had_turn:
                    self._begin()
                self._has_turn = True
                self._work()
            else:
                self._agendas.clear()
            self._failing = ""
        except SignwardError as error:
            self._count_look(error)
        firsts = {step: agenda.first for step, agenda in self._agendas.items()}
        self.next = {step: first for step, first in firsts.items() if first is not None}
        self.waiting = {step: len(agenda) for step, agenda in self._agendas.items()}

    def _work(self) -> None:
        self._time.store()
        self._read_news()
        self._ports.audit.ensure_available()  # nothing is done that cannot be recorded
        for step, doing in self._doings.items():
            self._announce_near(step, doing)
            self._do_due(step, doing)
        self._wipe()

    def _begin(self) -> None:
        """Take the turn: what others have seen and done since is read anew."""
        ports = self._ports
        self._time.take_over()
        ports.timetable.restart()
        self._agendas = {step: Agenda() for step in self._doings}
        self._unwiped = True  # whoever had the turn may have died before
        _log.info("the schedules of keys are kept by this process")

    def _read_news(self) -> None:
        for key_dates in self._ports.timetable.news():
            for step, agenda in self._agendas.items():
                agenda.set(key_dates.key_id, key_dates.dates.get(step))

    def _announce_near(self, step: Step, doing: Doing) -> None:
        agenda, until = self._agendas[step], doing.time() + self._announce
        for _ in range(_MOST_ANNOUNCED):
            announced = agenda.announce(until)
            if announced is None:
                return
            date, key_id = announced
            key = self._key(key_id)
            if key is not None and (version := doing.concerned(key)):
                due = datetime.fromtimestamp(date, UTC).isoformat(timespec="seconds")
                details = {"step": step.value, "due": due.replace("+00:00", "Z")}
                self._ports.audit.note(AuditEvent.SCHEDULED, details, key=key_id, version=version)

    def _do_due(self, step: Step, doing: Doing) -> None:
        agenda = self._agendas[step]
        for _ in range(_MOST[step]):
            key_id = agenda.due(doing.time())
            if key_id is None:
                return
            wait = self._do(step, doing, key_id)
            if wait is None:
                agenda.set(key_id, None)  # the store tells of its next date
            else:
                agenda.postpone(key_id, doing.time() + wait)

    def _do(self, step: Step, doing: Doing, key_id: str) -> float | None:
        """Do a step; return in how many seconds it is to be tried again, ``None`` if it is done.

        Raises:
            StoreUnavailable, AuditUnavailable: Nothing else can be done now either.
        """
        key = self._key(key_id)
        if key is None:
            return _RETRY
        try:
            if not doing.do(key):
                return _SOON
        except (StoreUnavailable, AuditUnavailable):
            raise
        except EtagMismatch:
            return _SOON
        except SignwardError as error:
            self._count(error)
            return _RETRY
        self._ports.meter.count(Event.STEP_DONE, step.value)
        return None

    def _key(self, key_id: str) -> Key | None:
        try:
            return self._ports.catalogue.get(key_id)
        except EnvelopeCorrupt:
            return None  # quarantined: whoever changed its row decides nothing

    def _wipe(self) -> None:
        destruction = self._doings.get(Step.DESTRUCTION)
        if isinstance(destruction, Destruction) and destruction.done:
            destruction.done, self._unwiped = False, True
        if self._unwiped:
            self._unwiped = not self._ports.residue.wipe()

    def _count_look(self, error: SignwardError) -> None:
        """Count a look that failed, and log the first of a row."""
        self._ports.meter.count(Event.STEP_FAILED, error.reason)
        if error.reason != self._failing:
            self._failing = error.reason
            _log.warning("the schedules of keys wait", extra={"reason": error.reason})

    def _count(self, error: SignwardError) -> None:
        self._ports.meter.count(Event.STEP_FAILED, error.reason)
        _log.warning("a step of the schedules failed", extra={"reason": error.reason})
