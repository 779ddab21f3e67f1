"""Attacks on a daemon, each from a process of its own that ends by itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

from tests.running.homes import PATIENCE, ROOT, environment

__all__ = ["Attack", "Attacker", "attacking"]

_LONGEST = 240.0
_NICEST = 19


@dataclass(frozen=True, slots=True)
class Attack:
    """What to do to a daemon.

    Attributes:
        kind: Name of a function in ``tests.running.attacks.__main__``.
        parts: Its arguments, as JSON can say them.
    """

    kind: str
    parts: Mapping[str, object] = field(default_factory=dict)


class Attacker:
    """A process that attacks until it is stopped, or for four minutes.

    Once it has started it takes the processor only when nobody else wants it: it stands for
    other machines.
    """

    def __init__(self, attack: Attack) -> None:
        self.kind = attack.kind
        order = json.dumps({"kind": attack.kind, "longest": _LONGEST, "parts": dict(attack.parts)})
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.running.attacks", order],
            cwd=ROOT,
            env={k: v for k, v in environment().items() if not k.startswith("COV")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def started(self) -> Self:
        """Wait until what stands is standing, or the first blow has been struck."""
        assert self._line() == {"started": True}
        for thread in Path(f"/proc/{self._process.pid}/task").iterdir():
            with suppress(ProcessLookupError):  # one that has just ended
                os.setpriority(os.PRIO_PROCESS, int(thread.name), _NICEST)
        return self

    def stop(self) -> dict[str, int]:
        """End it; return what it met, and how often."""
        stdin = self._process.stdin
        assert stdin is not None
        stdin.close()
        met = self._line()
        assert self._process.wait(PATIENCE) == 0
        return met

    def close(self) -> None:
        """End it, however it is."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(PATIENCE)
        for file in (self._process.stdin, self._process.stdout):
            if file is not None:
                file.close()

    def _line(self) -> dict[str, int]:
        stdout: IO[str] | None = self._process.stdout
        assert stdout is not None
        line = stdout.readline()
        assert line, f"{self.kind} ended"
        found: dict[str, int] = json.loads(line)
        return found


@contextmanager
def attacking(attacks: Sequence[Attack]) -> Iterator[dict[str, dict[str, int]]]:
    """Let attackers loose; give a dictionary that says afterwards what each kind met."""
    met: dict[str, dict[str, int]] = {}
    with ExitStack() as stack:
        attackers = []
        for attack in attacks:
            attacker = Attacker(attack)
            stack.callback(attacker.close)
            attackers.append(attacker)
        for attacker in attackers:
            attacker.started()
        yield met
        for attacker in attackers:
            met[attacker.kind] = attacker.stop()
