"""Reading the audit log, page by page or as it grows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

from signward_server.core.errors import FieldInvalid, PolicyDenied, PolicyError, ShuttingDown
from signward_server.core.ports import Audit, AuditLog, AuditLogs, Call, Clock, Policy
from signward_server.flows.audit_records import AuditFilter, AuditRecord, Sieve
from signward_server.flows.audit_turns import SCAN, Turns
from signward_server.flows.recording import Recorded

__all__ = ["AuditPage", "AuditReading", "Tailed"]

_LIST = "ListAuditRecords"
_TAIL = "TailAuditRecords"
_LOOKS = 20_000  # at records, for one page
_LOOK_AGAIN = 0.25  # seconds between two looks at the right of who follows
_PROGRESS = 10.0  # seconds after which somebody is told how far it went, if there is nothing else


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A page of a list.

    Attributes:
        records: In the order of their numbers.
        following: Number of the first record that was not looked at.
        end: Where the list ends.
        log: Name of the log.
    """

    records: tuple[AuditRecord, ...]
    following: int
    end: int
    log: str


@dataclass(frozen=True, slots=True)
class Tailed:
    """A step of following the log.

    Attributes:
        record: The record, ``None`` where there is only to say how far it went.
        following: Number of the first record that was not looked at.
        log: Name of the log.
    """

    record: AuditRecord | None
    following: int
    log: str


class AuditReading:
    """Shows records to those who may read them all. Reading leaves a record itself.

    Args:
        logs: The logs.
        policy: Who may.
        audit: Takes the record of who has read.
        clock: Measures the pauses between looks at who follows.
    """

    def __init__(self, *, logs: AuditLogs, policy: Policy, audit: Audit, clock: Clock) -> None:
        self._logs = logs
        self._policy = policy
        self._audit = audit
        self._clock = clock
        self._turns = Turns()
        self._stopped = threading.Event()

    def close(self) -> None:
        """End whoever follows the log."""
        self._stopped.set()

    def page(
        self,
        call: Call,
        wanted: AuditFilter,
        start: int,
        size: int,
        end: int | None = None,
        log: str = "",
    ) -> AuditPage:
        """Return up to ``size`` records from a number on; maybe fewer, with more to come.

        A list ends where the log did when its first page was asked for. The records of its own
        pages come after that, so that no list runs after itself.

        Args:
            call: Who asks.
            wanted: Which records.
            start: Number to begin at.
            size: How many.
            end: Where the list ends, ``None`` for its first page.
            log: Name of the log; empty: that of this worker.

        Raises:
            PolicyDenied, PolicyError: The caller may not.
            FieldInvalid: There is no such log, or it has not come to the start yet.
            AuditUnavailable: That it was read cannot be recorded.
        """
        with Recorded(self._audit, call, _LIST, "", _asked(wanted, start, log)):
            self._policy.authorize(call, _LIST, None)
            found = self._logs.of(log)
            number = _begin(found, start)
            end = found.size if end is None else end
            return self._page(call, found, Sieve(wanted), number, size, end)

    def tail(
        self, call: Call, wanted: AuditFilter, start: int | None, log: str = ""
    ) -> Iterator[Tailed]:
        """Follow a log, until the caller has gone or may not any more.

        Args:
            call: Who asks.
            wanted: Which records.
            start: Number to begin at, ``None`` for the next one to be written.
            log: Name of the log; empty: that of this worker.

        Yields:
            At first where it begins, then each record, and now and then how far it went.

        Raises:
            PolicyDenied, PolicyError: The caller may not, or no longer.
            FieldInvalid, AuditUnavailable: See ``page``.
            ShuttingDown: The daemon stops.
        """
        with Recorded(self._audit, call, _TAIL, "", _asked(wanted, start, log)):
            self._policy.authorize(call, _TAIL, None)
            found = self._logs.of(log)
            number = found.size if start is None else _begin(found, start)
        yield Tailed(None, number, found.name)
        yield from self._follow(call, found, Sieve(wanted), number)

    def _page(
        self, call: Call, log: AuditLog, sieve: Sieve, number: int, size: int, end: int
    ) -> AuditPage:
        found: list[AuditRecord] = []
        last = min(end, number + _LOOKS)
        while number < last and len(found) < size:
            call.ensure_live()
            looked = self._turns.look(log, sieve, number, min(SCAN, last - number))
            if not looked:
                break
            for record, following in looked:
                number = following
                if record is not None:
                    found.append(record)
                    if len(found) == size:
                        break
        return AuditPage(tuple(found), number, end, log.name)

    def _follow(self, call: Call, log: AuditLog, sieve: Sieve, number: int) -> Iterator[Tailed]:
        told = self._clock.monotonic()
        while True:
            due = self._go_on(call)
            looked = self._turns.look(log, sieve, number)
            for record, following in looked:
                number = following
                if record is None:
                    continue
                told = self._clock.monotonic()
                if told >= due:
                    due = self._go_on(call)
                yield Tailed(record, number, log.name)
            if self._clock.monotonic() - told >= _PROGRESS:
                told = self._clock.monotonic()
                yield Tailed(None, number, log.name)
            if not looked:
                number = max(number, log.first)
                log.wait(number, _LOOK_AGAIN)

    def _go_on(self, call: Call) -> float:
        """Return until when (monotonic) a caller may follow without another look."""
        if self._stopped.is_set():
            raise ShuttingDown(retry_after=1.0)
        call.ensure_live()
        try:
            self._policy.authorize(call, _TAIL, None)
        except (PolicyDenied, PolicyError):
            with Recorded(self._audit, call, _TAIL, ""):
                raise
        return self._clock.monotonic() + _LOOK_AGAIN


def _begin(log: AuditLog, start: int) -> int:
    """Return where a reader begins that wants to begin at this number."""
    size = log.size
    if start > size:
        raise FieldInvalid.at("start", f"Must be at most {size}: the log ends there.")
    return max(start, log.first)


def _asked(wanted: AuditFilter, start: int | None, log: str) -> str:
    """Return what was asked for, as the record of it says."""
    where = [f"log={log}"] if log else []
    where += [] if start is None else [f"start={start}"]
    return " ".join([*where, str(wanted)]).rstrip()
