"""Puts what is on disk now into force, part by part; a bad new part keeps the old one.

Called by ``AdminService.Reload``, on SIGHUP and by the watch of the files. One reload runs
at a time, and all who ask for the same while it runs share the one after it: so many callers
at once wait for two of them, and not for as many as they are.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Protocol, TypeAlias

from signward_server.core.ports import Event, Meter, Reloaded, ReloadPart
from signward_server.core.startup import StartupFailed
from signward_server.core.unexpected import unexpected

__all__ = ["Part", "Reloader"]

_DEFECT = "it cannot be read; the log says where"
_log = logging.getLogger(__name__)
_Round: TypeAlias = Future[Sequence[Reloaded]]


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
        self._running = threading.Lock()
        self._joining = threading.Lock()
        self._coming: dict[frozenset[ReloadPart], _Round] = {}

    def reload(self, parts: Iterable[ReloadPart] = ()) -> Sequence[Reloaded]:
        """Read parts again, all of them if none is named; see ``core.ports.Reloads``.

        What it returns was read after it was called.
        """
        wanted = frozenset(parts) or frozenset(self._parts)
        with self._joining:
            coming = self._coming.get(wanted)
            mine = coming or _Round()
            self._coming[wanted] = mine
        if coming is None:
            with self._running:
                with self._joining:  # who comes from now on may know of later changes
                    del self._coming[wanted]
                self._run(mine, wanted)
        return mine.result()

    def _run(self, mine: _Round, wanted: frozenset[ReloadPart]) -> None:
        try:
            mine.set_result([self._reload(part) for part in ReloadPart if part in wanted])
        except BaseException as error:  # for those as well who wait for it
            mine.set_exception(error)
            raise

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
