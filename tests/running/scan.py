"""Reads the memory of a process (proc_pid_mem(5), proc_pid_smaps(5))."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Area", "areas", "find_all"]

_HEAD = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S+) ")
_CHUNK = 16 * 2**20
_HALF = 2**63  # above lies the kernel's, [vsyscall] for one


@dataclass(frozen=True, slots=True)
class Area:
    """A mapping.

    Attributes:
        start: Its first address.
        end: The first address after it.
        readable: Whether the process may read it.
        flags: Its VmFlags, such as ``lo`` (locked).
    """

    start: int
    end: int
    readable: bool
    flags: frozenset[str]

    @property
    def guarded(self) -> bool:
        """Whether it is locked, left out of core dumps, and empty in the child of a fork."""
        return {"lo", "dd", "wf"} <= self.flags


def areas(pid: int) -> list[Area]:
    """Return every mapping of a process."""
    found: list[Area] = []
    head: re.Match[str] | None = None
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        head = _HEAD.match(line) or head
        if line.startswith("VmFlags:") and head:
            start, end = int(head[1], 16), int(head[2], 16)
            found.append(Area(start, end, "r" in head[3], frozenset(line.split()[1:])))
    return found


def find_all(pid: int, needles: Mapping[str, bytes]) -> dict[str, list[Area]]:
    """Return the areas in which each needle stands, once for each place."""
    found: dict[str, list[Area]] = {name: [] for name in needles}
    overlap = max(map(len, needles.values())) - 1
    with _halted(pid), Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for area in areas(pid):
            if not area.readable or area.start >= _HALF:
                continue
            for content in _content(memory.fileno(), area, overlap):
                for name, needle in needles.items():
                    found[name] += [area] * content.count(needle)
    return found


def _content(memory: int, area: Area, overlap: int) -> Iterator[bytes]:
    tail = b""
    for start in range(area.start, area.end, _CHUNK):
        try:
            fresh = os.pread(memory, min(_CHUNK, area.end - start), start)
        except OSError:  # [vvar] and the like
            return
        yield tail + fresh
        tail = fresh[-overlap:]


@contextmanager
def _halted(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
