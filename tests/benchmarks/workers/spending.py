"""What a measurement costs of the processors, by this process and by those that it has started."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["Spent", "spent"]

_TICK: Final = os.sysconf("SC_CLK_TCK")


class Spent(NamedTuple):
    """Seconds of a processor, so far.

    Attributes:
        client: Of this process.
        servers: Of all processes below it that live.
    """

    client: float
    servers: float

    def since(self, before: Spent) -> Spent:
        """Return what was spent in between."""
        return Spent(self.client - before.client, self.servers - before.servers)


def spent() -> Spent:
    """Return what was spent until now."""
    seconds: dict[int, float] = {}
    children: defaultdict[int, list[int]] = defaultdict(list)
    for pid, parent, used in _processes():
        seconds[pid] = used
        children[parent].append(pid)
    below, found = [os.getpid()], 0.0
    while below:
        for pid in children[below.pop()]:
            found += seconds[pid]
            below.append(pid)
    return Spent(time.process_time(), found)


def _processes() -> Iterator[tuple[int, int, float]]:
    """Yield the id, the parent and the seconds of each process (proc(5), stat)."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        yield int(path.parent.name), int(fields[1]), (int(fields[11]) + int(fields[12])) / _TICK
