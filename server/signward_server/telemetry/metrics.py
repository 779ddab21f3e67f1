"""Metrics: numbers by kind, and never the name of a key or a caller (S39).

What happens is counted where it happens; what is so can also be asked for when somebody looks.
Nobody who counts waits for anybody who looks.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from signward_server.core.errors import (
    CustodyUnavailable,
    EnvelopeCorrupt,
    SignatureSelfCheckFailed,
    StoreUnavailable,
)
from signward_server.core.keys import CustodyKind, Purpose
from signward_server.core.ports import Event, Level, ReloadPart
from signward_server.core.unexpected import unexpected
from signward_server.telemetry.durations import Durations
from signward_server.telemetry.exposition import exposed
from signward_server.telemetry.families import (
    CALLS,
    EVENTS,
    ITEMS,
    LEVELS,
    SIGNATURES,
    Family,
    Kind,
)

__all__ = ["Metrics", "Reader"]

Reader: TypeAlias = Callable[[], float | Mapping[str, float]]

_MOST_DETAILS = 128  # values of one label
_OTHER = "other"
_is_detail = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}").fullmatch
_PARTS: Final = tuple(part.value for part in ReloadPart)
# Details that are shown as 0 before they occur: a rate sees a first time only against a 0.
_EXPECTED: Final[Mapping[Event, tuple[str, ...]]] = {
    Event.RELOADED: _PARTS,
    Event.RELOAD_REFUSED: _PARTS,
    Event.POLICY_ERROR: (_OTHER,),
    Event.KEK_FAILED: (EnvelopeCorrupt.reason,),
    Event.STORE_FAILED: (StoreUnavailable.reason, "lease"),
    Event.CUSTODY_FAILED: (CustodyUnavailable.reason, SignatureSelfCheckFailed.reason),
    Event.AUDIT_FAILED: ("write", "sync", "stall", "checkpoint", "rotate", "upload"),
}


class Metrics:
    """Implements ``ports.Meter``; shows what it counted in Prometheus' text format, 0.0.4."""

    def __init__(self) -> None:
        self._counts = {event: _Counts(bool(label)) for event, (_, label) in EVENTS.items()}
        self._levels: dict[Level, float] = {}
        self._watched: dict[Event | Level, Reader] = {}
        self._unreadable: set[Event | Level] = set()
        self._signatures: dict[tuple[Purpose, CustodyKind], int] = {}
        self._signing = threading.Lock()
        calls, items = Durations(CALLS), Durations(ITEMS)
        self._durations = (calls, items)
        self._call, self._item = calls.observe, items.observe
        for event, details in _EXPECTED.items():
            self.expect(event, details)

    def count(self, event: Event, detail: str = "") -> None:
        """Count one occurrence."""
        self._counts[event].add(detail, 1)

    def expect(self, event: Event, details: Iterable[str]) -> None:
        """Show these details of an event from now on, as 0 until they occur."""
        for detail in details:
            self._counts[event].add(detail, 0)

    def level(self, level: Level, value: float) -> None:
        """Say how something is now."""
        self._levels[level] = value

    def observe(self, method: str, status: str, seconds: float, *, item: bool = False) -> None:
        """Count what has ended, and how long it took."""
        (self._item if item else self._call)(method, status, seconds)

    def signed(self, purpose: Purpose, custody: CustodyKind) -> None:
        """Count a signature that was made."""
        made = self._signatures
        with self._signing:
            made[purpose, custody] = made.get((purpose, custody), 0) + 1

    def watch(self, what: Event | Level, read: Reader) -> None:
        """Have something asked for whenever somebody looks, in place of being told of it.

        Args:
            what: A level, or an event that somebody else counts.
            read: Returns the number, or a number for each detail. Called from any thread; must
                be quick. What it raises is logged once, and leaves the number out.
        """
        self._watched[what] = read

    def snapshot(self) -> tuple[Family, ...]:
        """Return everything as it is now."""
        return tuple(family for family in self._families() if family.samples)

    def render(self) -> bytes:
        """Return everything as text."""
        return exposed(self.snapshot())

    def _families(self) -> Iterator[Family]:
        for durations in self._durations:
            yield durations.family()
        yield self._signed()
        for event, (text, label) in EVENTS.items():
            read = self._watched.get(event)
            numbers = self._read(event, read) if read else self._counts[event].numbers()
            yield _family(event, "counter", text, label, numbers)
        for level, (text, label) in LEVELS.items():
            read = self._watched.get(level)
            known = {"": self._levels[level]} if level in self._levels else {}
            yield _family(level, "gauge", text, label, self._read(level, read) if read else known)

    def _signed(self) -> Family:
        with self._signing:
            made = self._signatures.copy()
        samples = tuple(
            ((purpose.name.lower(), custody.name.lower()), float(count))
            for (purpose, custody), count in made.items()
        )
        return Family(SIGNATURES.name, "counter", SIGNATURES.text, SIGNATURES.labels, samples)

    def _read(self, what: Event | Level, read: Reader) -> Mapping[str, float]:
        try:
            found = read()
        except Exception as error:  # noqa: BLE001  # a part that cannot say must not hide the others
            if what not in self._unreadable:
                self._unreadable.add(what)
                unexpected(error)
            return {}
        return found if isinstance(found, Mapping) else {"": found}


def _family(
    what: Event | Level, kind: Kind, text: str, label: str, numbers: Mapping[str, float]
) -> Family:
    labels = (label,) if label else ()
    samples = tuple(
        ((detail,) if label else (), float(number)) for detail, number in numbers.items()
    )
    return Family(what.value, kind, text, labels, samples)


class _Counts:
    """A counter, by detail if it has one. What is no plain word, or one too many, is `other`."""

    def __init__(self, labelled: bool) -> None:
        self._labelled = labelled
        self._lock = threading.Lock()
        self._numbers: dict[str, int] = {} if labelled else {"": 0}

    def add(self, detail: str, count: int) -> None:
        numbers = self._numbers
        with self._lock:
            if detail not in numbers:
                detail = self._shown(detail)
            numbers[detail] = numbers.get(detail, 0) + count

    def numbers(self) -> Mapping[str, int]:
        with self._lock:
            return self._numbers.copy()

    def _shown(self, detail: str) -> str:
        if not self._labelled:
            return ""
        room = len(self._numbers) < _MOST_DETAILS
        return str(detail) if room and _is_detail(detail) else _OTHER
