"""Copies of a SQLite store, taken while daemons work on it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from signward_server.store.failures import StoreFileError

__all__ = ["check_snapshot", "take_snapshot"]

_TIMEOUT_S = 30.0


def take_snapshot(path: Path, into: Path) -> None:
    """Write what a store held at one moment to a new file; nobody has to wait.

    Raises:
        StoreFileError: It cannot be read, or the file not be written.
    """
    try:
        with closing(_opened(path)) as connection:
            connection.execute("VACUUM INTO ?", (str(into),))
    except sqlite3.Error as exc:
        raise StoreFileError(
            f"the store {path} cannot be copied: it is damaged, or the disk is full"
        ) from exc


def check_snapshot(path: Path) -> None:
    """Return if a copy of a store is a whole database.

    Raises:
        StoreFileError: It is not.
    """
    try:
        with closing(_opened(path)) as connection:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as exc:
        raise StoreFileError("the store in the archive is no database") from exc
    if found != ("ok",):
        raise StoreFileError("the store in the archive is damaged")


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode=ro", uri=True, timeout=_TIMEOUT_S, isolation_level=None
    )
