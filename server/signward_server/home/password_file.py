"""Passwords that a daemon shows to servers, each in a file of its own."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from signward_server.core.startup import ConfigurationRefused

__all__ = ["read_password"]

_LONGEST = 1024
_MODES = 0o640  # bits that the file's mode may have


def read_password(path: Path, setting: str, whose: str) -> str:
    """Return the password in a file.

    Args:
        path: The file.
        setting: Which setting names it.
        whose: Whom the password is for, as in "the storage's".

    Raises:
        ConfigurationRefused: It cannot be read, others can, or it holds none.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST + 1)
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
    except OSError as exc:
        problem = f"{path} cannot be read ({os.strerror(exc.errno or 0)})"
        fix = f"set {setting} to a file that the daemon can read"
        raise ConfigurationRefused(problem, fix) from exc
    if mode & ~_MODES:
        problem = f"{path} has mode {mode:04o}, so that others can reach the password"
        raise ConfigurationRefused(problem, f"run: chmod 600 {path}")
    try:
        password = text.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        password = ""
    if not password or len(text) > _LONGEST or not password.isprintable():
        raise ConfigurationRefused(
            f"{path} is no password of one line", f"write {whose} password into it"
        )
    return password
