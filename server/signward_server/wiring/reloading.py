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

from signward_server.core.errors import RateLimited
from signward_server.core.ports import Event, Meter, Reloaded, ReloadPart
from signward_server.core.startup import StartupFailed
from signward_server.core.unexpected import unexpected

__all__ = ["Part", "Reloader"]

_DEFECT = "it cannot be read; the log says where"
_AGAIN = 1.0  # seconds
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
        """Read it and put it into force, wholly or not at all.

        Raises:
            StartupFailed: It is bad; what was in force stays.
        """
        ...


class Reloader:
    """Implements ``core.ports.Reloads``.

    Args:
        parts: Everything that can change while the daemon runs.
        meter: Counts what was put into force, and what was refused.
    """

    def __init__(self, parts: Mapping[ReloadPart, Part], meter: Meter) -> None:
        self._parts = parts
        self._meter = meter
        self._lock = threading.Lock()

    def reload(self, parts: Iterable[ReloadPart] = (), *, wait: bool = True) -> Sequence[Reloaded]:
        """Read parts again, all of them if none is named; see ``core.ports.Reloads``."""
        wanted = frozenset(parts) or frozenset(self._parts)
        if not self._lock.acquire(blocking=wait):
            raise RateLimited(retry_after=_AGAIN)
        try:
            return [self._reload(part) for part in ReloadPart if part in wanted]
        finally:
            self._lock.release()

    def watched(self) -> Mapping[ReloadPart, Sequence[Path]]:
        """Return the files and folders of each part."""
        return {name: tuple(part.watched()) for name, part in self._parts.items()}

    def _reload(self, name: ReloadPart) -> Reloaded:
        part = self._parts[name]
        before = part.version
        try:
            part.load()
        except StartupFailed as refused:
            return self._refused(name, str(refused))
        except Exception as error:  # noqa: BLE001  # a defect in one part must not keep the others
            unexpected(error)
            return self._refused(name, _DEFECT)
        self._meter.count(Event.RELOADED, name)
        result = Reloaded(name, part.version, changed=part.version != before)
        if result.changed:
            _log.warning("reloaded", extra={"part": name.value, "version": result.version})
        return result

    def _refused(self, name: ReloadPart, problem: str) -> Reloaded:
        self._meter.count(Event.RELOAD_REFUSED, name)
        _log.error("reload refused", extra={"part": name.value, "problem": problem})
        return Reloaded(name, self._parts[name].version, changed=False, problem=problem)
