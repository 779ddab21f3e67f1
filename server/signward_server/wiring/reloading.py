"""Puts what is on disk now into force, part by part; a bad new part keeps the old one.

Called by ``AdminService.Reload``, on SIGHUP and by the watch of the files. One reload runs
at a time: the watch and the signal wait for their turn, each on a thread of its own; a call
does not, since calls that wait would take the threads that others are signed on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import RateLimited
from signward_server.core.ports import Audit, Event, Meter, Reloaded, ReloadPart
from signward_server.core.startup import StartupFailed
from signward_server.core.unexpected import unexpected

__all__ = ["Part", "Reloader"]

_DEFECT = "it cannot be read; the log says where"
_AGAIN = 1.0  # seconds
# Prices change all the time, and the record of each order has the one that it was judged by.
_UNREMARKABLE = frozenset({ReloadPart.REFERENCES})
_log = logging.getLogger(__name__)


class Part(Protocol):
    """Something that can be read again."""

    @property
    def version(self) -> str:
        """SHA-256 of what is in force, in hex."""
        ...

    def watched(self) -> Iterable[Path]:
        """Return the files and folders whose change means that it must be read again."""
        ...

    def load(self) -> None:
        """Read it and put it into force; what is bad keeps what was in force of it.

        Raises:
            StartupFailed: Something is bad.
        """
        ...


class Reloader:
    """Implements ``core.ports.Reloads``.

    Args:
        parts: Everything that can change while the daemon runs.
        meter: Counts what was put into force, and what was refused.
        audit: Told of what is in force from now on.
    """

    def __init__(self, parts: Mapping[ReloadPart, Part], meter: Meter, audit: Audit) -> None:
        self._parts = parts
        self._meter = meter
        self._audit = audit
        self._lock = threading.Lock()
        self._told: dict[ReloadPart, str] = {}  # the problem of each part that the log has

    def reload(self, parts: Iterable[ReloadPart] = (), *, wait: bool = True) -> Sequence[Reloaded]:
        """Read parts again, all of them if none is named; see ``core.ports.Reloads``."""
        wanted = frozenset(parts) or frozenset(self._parts)
        if not self._lock.acquire(blocking=wait):
            raise RateLimited(retry_after=_AGAIN)
        try:
            for part in wanted:
                self._told.pop(part, None)
            return self._all(wanted)
        finally:
            self._lock.release()

    def refresh(self, parts: Iterable[ReloadPart]) -> Sequence[Reloaded]:
        """Read these parts again; the log has what is wrong with one once, until it changes."""
        with self._lock:
            return self._all(frozenset(parts))

    def watched(self) -> Mapping[ReloadPart, Sequence[Path]]:
        """Return the files and folders of each part."""
        return {name: tuple(part.watched()) for name, part in self._parts.items()}

    def _all(self, wanted: frozenset[ReloadPart]) -> Sequence[Reloaded]:
        return [self._reload(part) for part in ReloadPart if part in wanted]

    def _reload(self, name: ReloadPart) -> Reloaded:
        part = self._parts[name]
        before = part.version
        problem = self._load(name, part)
        self._meter.count(Event.RELOAD_REFUSED if problem else Event.RELOADED, name)
        result = Reloaded(name, part.version, changed=part.version != before, problem=problem)
        if result.changed and name not in _UNREMARKABLE:
            told = {"part": name.value, "version": result.version}
            _log.warning("reloaded", extra=told)
            self._audit.note(AuditEvent.RELOADED, told)
        return result

    def _load(self, name: ReloadPart, part: Part) -> str:
        """Return why a part is refused, empty if it is not."""
        try:
            part.load()
        except StartupFailed as refused:
            problem = str(refused)
            if self._is_new(name, problem):
                _log.error("reload refused", extra={"part": name.value, "problem": problem})
            return problem
        except Exception as error:  # noqa: BLE001  # a defect in one part must not keep the others
            if self._is_new(name, type(error).__name__):
                unexpected(error)
                _log.error("reload refused", extra={"part": name.value, "problem": _DEFECT})
            return _DEFECT
        self._told.pop(name, None)
        return ""

    def _is_new(self, name: ReloadPart, problem: str) -> bool:
        told = self._told.get(name)
        self._told[name] = problem
        return problem != told
