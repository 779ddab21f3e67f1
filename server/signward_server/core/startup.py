"""Why the daemon, or a command of it, does not start: what is wrong and what to do next."""

from __future__ import annotations

import enum
from typing import ClassVar

__all__ = [
    "AddressInUse",
    "AuditRefused",
    "BackupRefused",
    "ConfigurationRefused",
    "CustodyRefused",
    "ExitCode",
    "HomeLocked",
    "NotAdopted",
    "StartupFailed",
    "StoreRefused",
]


class ExitCode(enum.IntEnum):
    """Exit codes of the daemon-side commands."""

    OK = 0
    USAGE = 2
    IN_USE = 3
    CUSTODY = 4
    STORE = 5
    AUDIT = 6
    NOT_ADOPTED = 7
    BACKUP = 8


class StartupFailed(Exception):  # noqa: N818  # names read as what happened
    """Root of what an operator has to put right before it runs.

    Args:
        problem: What is wrong, one line, no secrets.
        fix: What to do next, one line, starting in lower case.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.USAGE

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(f"{problem}; {fix}" if fix else problem)
        self.problem = problem
        self.fix = fix


class ConfigurationRefused(StartupFailed):
    """A setting, a file that it names, or the process's surroundings."""


class HomeLocked(StartupFailed):
    """Another process works on this home."""

    exit_code = ExitCode.IN_USE


class AddressInUse(StartupFailed):
    """Another process listens there."""

    exit_code = ExitCode.IN_USE


class CustodyRefused(StartupFailed):
    """The key-encryption key, the native libraries or the locked memory."""

    exit_code = ExitCode.CUSTODY


class StoreRefused(StartupFailed):
    """The store cannot be opened, or is of another version."""

    exit_code = ExitCode.STORE


class AuditRefused(StartupFailed):
    """The audit log, or the key of its checkpoints: missing, damaged, or of another log."""

    exit_code = ExitCode.AUDIT


class NotAdopted(StartupFailed):
    """The home is a copy or was restored, and nobody has said that it is to sign (S41)."""

    exit_code = ExitCode.NOT_ADOPTED


class BackupRefused(StartupFailed):
    """An archive of a home cannot be made, or is not what a backup wrote."""

    exit_code = ExitCode.BACKUP
