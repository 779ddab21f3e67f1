"""Starts ``tests.running.observed`` and asks it what it is."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from typing import Any, Final

from tests.running.homes import Home
from tests.running.process import UNMEASURED, Daemon

__all__ = ["MEMLOCK", "ask", "observed"]

MEMLOCK: Final = 8 * 2**20


def observed(
    home: Home,
    *flags: str,
    wipe: str = "wipe",
    ttl: str = "0s",
    before: Sequence[str] = (),
    **variables: str,
) -> Daemon:
    """Run a daemon without CAP_IPC_LOCK, with 8 MiB to lock.

    Args:
        home: Its home.
        flags: More flags.
        wipe: ``keep`` for one that never clears memory.
        ttl: How long keys stay unlocked.
        before: A command that executes the daemon, such as a shell that opens descriptors.
        variables: Of its environment.
    """
    limits = ("prlimit", f"--memlock={MEMLOCK}:{MEMLOCK}")
    command = (*before, *limits, sys.executable, "-m", "tests.running.observed", wipe)
    flags = ("--set", f"custody.envelope.default_unlock_ttl={ttl}", *flags)
    return Daemon(home, *flags, command=command, **UNMEASURED, **variables)


def ask(daemon: Daemon) -> dict[str, Any]:
    """Let the daemon tell what it is, and be read from now on."""
    daemon.process.send_signal(signal.SIGUSR1)
    return daemon.next_line()
