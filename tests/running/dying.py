"""A daemon that dies by SIGKILL at a step of what it does, counted from when a test says so."""

from __future__ import annotations

import functools
import mmap
import os
import signal
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

__all__ = ["DYING", "Fuse", "serve"]

_FORM: Final = struct.Struct("=q")
_VARIABLE: Final = "FUSE"
_WRITES: Final = ("BEGIN", "INSERT", "UPDATE", "DELETE")
DYING: Final = (sys.executable, "-c", "from tests.running.dying import serve; serve()")
"""The command for a ``Daemon`` whose variables are those of ``Fuse`` and of ``Clocks``."""


class Fuse:
    """How many steps a daemon still takes; 0 for as many as it likes.

    A step is each write to the store and its commit, each pair of keys that is made or
    forgotten, each record of the audit log before and after it is written, and each wiping.

    Args:
        path: A file that is made for that.
    """

    def __init__(self, path: Path) -> None:
        path.write_bytes(_FORM.pack(0))
        self._note = path.with_suffix(".step")
        self.variables = {_VARIABLE: str(path)}
        self._steps = _mapped(path)

    def set(self, steps: int) -> None:
        """Have the daemon die at this step from now on."""
        self._steps[:] = _FORM.pack(steps)

    def renew(self) -> None:
        """Have the next daemon live, and know of none that died."""
        self.set(0)
        self._note.unlink(missing_ok=True)

    @property
    def ended_at(self) -> str:
        """Name of the step at which a daemon died last; empty if none did."""
        return self._note.read_text() if self._note.exists() else ""


def serve() -> None:
    """Run `signward` with a fuse, and with clocks that a test sets."""
    from signward_server.audit.writing import Writer  # only in the daemon
    from signward_server.custody.envelope import EnvelopeCustody
    from signward_server.store import KeyCatalogue, Store
    from sqlalchemy import Engine, event

    from tests.running import clocks

    path = Path(os.environ[_VARIABLE])
    step = functools.partial(_step, _mapped(path), path.with_suffix(".step"))

    @event.listens_for(Engine, "before_cursor_execute")
    def _execute(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(_WRITES):
            step(statement[:40])

    event.listen(Engine, "commit", lambda _connection: step("commit"))
    for owner, names in (
        (KeyCatalogue, ("insert", "replace")),
        (EnvelopeCustody, ("create", "forget", "wrapping_key", "import_key")),
        (Store, ("wipe",)),
        (Writer, ("append",)),
    ):
        for name in names:
            setattr(owner, name, _between(step, getattr(owner, name), name))
    clocks.serve()


def _between(step: Callable[[str], None], done: Callable[..., Any], name: str) -> Any:
    def stepping(*args: Any, **options: Any) -> Any:
        step(f"before {name}")
        result = done(*args, **options)
        step(f"after {name}")
        return result

    return stepping


def _step(steps: mmap.mmap, note: Path, name: str) -> None:
    (left,) = _FORM.unpack(steps)
    if left > 0:
        steps[:] = _FORM.pack(left - 1)
        if left == 1:
            note.write_text(name)
            os.kill(os.getpid(), signal.SIGKILL)


def _mapped(path: Path) -> mmap.mmap:
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), _FORM.size)
