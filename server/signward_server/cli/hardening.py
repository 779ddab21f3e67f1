"""Keeps secrets of this process out of core dumps, debuggers and other people's logs (S20)."""

from __future__ import annotations

import ctypes
import logging
import os
import resource
import signal
from collections.abc import Mapping

from signward_server.config import Settings
from signward_server.config.problems import ConfigurationError, Problem
from signward_server.core.startup import ConfigurationRefused

__all__ = ["advise", "die_with_parent", "harden", "refuse_surroundings"]

_log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1  # prctl.h
_PR_SET_DUMPABLE = 4
_UMASK = 0o077

_REFUSED = {
    "SSLKEYLOGFILE": "it would write the keys of every TLS session to a file",
    "GRPC_TRACE": "it would print what callers send",
    "LD_PRELOAD": "it puts foreign code into the daemon",
    "LD_AUDIT": "it puts foreign code into the daemon",
}


def refuse_surroundings(environment: Mapping[str, str]) -> None:
    """Return if nothing in the environment spies on the process.

    Raises:
        ConfigurationError: With every variable that does.
    """
    problems = [
        Problem(
            f"environment variable {name}",
            "",
            f"is set: {why}",
            "unset it, or add --development where there are no real keys",
        )
        for name, why in _REFUSED.items()
        if environment.get(name)
    ]
    if problems:
        raise ConfigurationError(problems)


def advise(settings: Settings) -> None:
    """Log what a daemon with real keys should not go without (S36)."""
    if not settings.audit.witnesses:
        _log.warning(
            "no witness of the audit log is named: whoever has its key can write another history",
            extra={"setting": "audit.witnesses"},
        )


def harden() -> None:
    """Make the process non-dumpable, without core files, its new files private.

    To be called before any secret is read. Non-dumpable also means that no other process
    of the same user may trace it or read its memory (prctl(2), ptrace(2)).

    Raises:
        ConfigurationRefused: The kernel refuses.
    """
    os.umask(_UMASK)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if error := _prctl(_PR_SET_DUMPABLE, 0):
        raise ConfigurationRefused(
            f"the process cannot be made non-dumpable ({error})",
            "allow prctl(PR_SET_DUMPABLE) in its sandbox",
        )


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies, whatever it does then (S41).

    The parent holds the home's lock, without which nobody may go on.

    Raises:
        ConfigurationRefused: The kernel refuses.
    """
    if error := _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL):
        raise ConfigurationRefused(
            f"the process cannot be tied to its supervisor ({error})",
            "allow prctl(PR_SET_PDEATHSIG) in its sandbox",
        )


def _prctl(option: int, argument: int) -> str:
    """Return why the kernel refuses, empty if it does not."""
    libc = ctypes.CDLL(None, use_errno=True)
    return os.strerror(ctypes.get_errno()) if libc.prctl(option, argument, 0, 0, 0) else ""
