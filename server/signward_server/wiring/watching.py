"""Looks at files from time to time and has their part read again when they have changed.

It compares names, inodes, sizes, times, modes and owners, also of what a folder holds and of
what symbolic links lead to, so that both an editor's save and the exchange of a whole folder
(as Kubernetes does for mounted secrets) are seen. Polling needs nothing of the system, works
on every file system, and costs some microseconds a file.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from signward_server.core.ports import Reloaded, ReloadPart
from signward_server.core.unexpected import unexpected

__all__ = ["FileWatch", "Watched"]

_Seen = tuple[object, ...]
_MOST_ENTRIES = 10_000


class Watched(Protocol):
    """What there is to watch, and what to do then."""

    def watched(self) -> Mapping[ReloadPart, Sequence[Path]]:
        """Return the files and folders of each part."""
        ...

    def refresh(self, parts: Iterable[ReloadPart]) -> Sequence[Reloaded]:
        """Read parts again."""
        ...


class FileWatch:
    """A thread that looks every ``interval`` seconds.

    The first look has everything read again, since a file may have changed between being
    loaded and being watched. What is refused is tried again at each look, as the cause may lie
    elsewhere: a file that is not mounted yet, a name that does not resolve, the time.

    Args:
        watched: What to watch.
        interval: Seconds between two looks.
    """

    def __init__(self, watched: Watched, interval: float) -> None:
        self._watched = watched
        self._interval = interval
        self._stopped = threading.Event()
        self._seen: dict[ReloadPart, _Seen] = {}
        self._due: set[ReloadPart] = set()
        self._thread = threading.Thread(target=self._run, name="file-watch", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether somebody looks at all."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()

    def look(self) -> None:
        """Look once, and have what has changed or was refused read again."""
        self._due |= self._changed()
        if self._due:
            results = self._watched.refresh(self._due)
            self._due = {result.part for result in results if result.problem}

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001  # the watch must outlive any bad file
                unexpected(error)

    def _changed(self) -> set[ReloadPart]:
        changed = set()
        for part, paths in self._watched.watched().items():
            seen = tuple(state for path in paths for state in _states(path))
            if self._seen.get(part) != seen:
                changed.add(part)
                self._seen[part] = seen
        return changed


def _states(path: Path) -> Iterator[object]:
    """Yield what tells a file, or a folder and its entries, from another."""
    yield _state(path)
    try:
        entries = sorted(path.iterdir())[:_MOST_ENTRIES] if path.is_dir() else []
    except OSError:
        entries = []
    for entry in entries:
        yield _state(entry)


def _state(path: Path) -> object:
    try:
        found = path.stat()
    except OSError as error:
        return str(path), error.errno
    return (
        str(path),
        found.st_dev,
        found.st_ino,
        found.st_size,
        found.st_mtime_ns,
        found.st_ctime_ns,
        found.st_mode,
        found.st_uid,
    )
