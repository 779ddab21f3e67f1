"""Keeps secrets of this process out of core dumps, debuggers and other people's logs (S20)."""

from __future__ import annotations

import ctypes
import logging
import os
import resource
from collections.abc import Mapping

from signward_server.config import Settings
from signward_server.config.problems import ConfigurationError, Problem
from signward_server.core.startup import ConfigurationRefused

__all__ = ["advise", "harden", "refuse_surroundings"]

_log = logging.getLogger(__name__)

_PR_SET_DUMPABLE = 4  # prctl.h
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
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise ConfigurationRefused(
            f"the process cannot be made non-dumpable ({os.strerror(ctypes.get_errno())})",
            "allow prctl(PR_SET_DUMPABLE) in its sandbox",
        )
