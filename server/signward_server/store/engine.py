"""SQLite: everything that is particular to it.

One file in WAL mode, opened by two engines. A commit on the *durable* one is on the disk
when it returns (``synchronous=FULL``); one on the *swift* one is in the file, so that it
survives the death of the process, but a power loss may take the last ones back
(``synchronous=NORMAL``; https://www.sqlite.org/pragma.html#pragma_synchronous).
"""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from signward_server.store.failures import StoreFileError

__all__ = [
    "APPLICATION_ID",
    "durable_engine",
    "empty_log",
    "firm_engine",
    "prepare_file",
    "probe_engine",
    "swift_engine",
]

APPLICATION_ID = 0x53575244
"""``SWRD`` in the file's header says whose database it is."""

_BUSY_TIMEOUT_S = 5.0
_PROBE_TIMEOUT_S = 0.05
_POOL_SIZE = 4


def prepare_file(path: Path) -> None:
    """Make the file if there is none, and check that it is a private database of ours.

    Raises:
        StoreFileError: It is somebody else's, unreadable, not writable, or not private.
    """
    try:
        _make_private(path)
        _check_modes(path)
        connection = _connect(path)
        try:
            _claim(connection, path)
        finally:
            connection.close()
    except OSError as exc:
        raise StoreFileError(f"the store {path} cannot be opened: {exc.strerror}") from exc
    except sqlite3.DatabaseError as exc:
        raise StoreFileError(
            f"the store {path} is damaged, no database, not writable, or its disk is full; "
            "check the file, its folder and the free space, or restore a backup"
        ) from exc


def durable_engine(path: Path) -> Engine:
    """Return the engine for key material: each transaction is on the disk when it ends."""
    engine = _engine(path, "FULL")

    @event.listens_for(engine, "begin")
    def take_the_write_lock(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def swift_engine(path: Path) -> Engine:
    """Return the engine for reads and request ids: each statement is its own transaction."""
    return _engine(path, "NORMAL")


def firm_engine(path: Path) -> Engine:
    """Return the engine for request ids with a nonce: as the swift one, but on the disk."""
    return _engine(path, "FULL")


def probe_engine(path: Path) -> Engine:
    """Return the engine for health: it hardly waits when another process holds the file."""
    return _engine(path, "NORMAL", _PROBE_TIMEOUT_S)


def empty_log(probing: Engine) -> bool:
    """Bring everything into the file and cut the write-ahead log to nothing.

    The log keeps what pages were before a change until it is written over. With what was
    deleted overwritten in the file, which every connection does, no page has it any more.

    Args:
        probing: The engine that hardly waits.

    Returns:
        Whether it is done; not while somebody reads from the log.

    Raises:
        sqlalchemy.exc.DBAPIError: It cannot be written.
    """
    with probing.connect() as connection:
        busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar_one()
    return not busy


def _make_private(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW, 0o600))
    except FileExistsError:
        return


def _check_modes(path: Path) -> None:
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise StoreFileError(f"the store {path} is not a regular file")
    if found.st_mode & 0o077:
        raise StoreFileError(
            f"the store {path} can be reached by other users; fix it with: chmod 600 {path}"
        )
    if path.parent.stat().st_mode & 0o022:
        raise StoreFileError(
            f"the folder {path.parent} can be written by other users; "
            f"fix it with: chmod 700 {path.parent}"
        )


def _claim(connection: sqlite3.Connection, path: Path) -> None:
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    fresh = application_id == 0 and tables == 0
    if not fresh and application_id != APPLICATION_ID:
        raise StoreFileError(f"{path} is a database, but not one of signward; name another file")
    # SQLite opens what it may not write for reading, and begins on it as if it could write:
    # only a write tells, and only a new file needs to keep it.
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("COMMIT" if fresh else "ROLLBACK")
    connection.execute("PRAGMA journal_mode = WAL")


def _engine(
    path: Path, synchronous: Literal["FULL", "NORMAL"], timeout: float = _BUSY_TIMEOUT_S
) -> Engine:
    def connect() -> sqlite3.Connection:
        connection = _connect(path, timeout)
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
        return connection

    return create_engine(
        "sqlite+pysqlite://", creator=connect, poolclass=QueuePool, pool_size=_POOL_SIZE
    )


def _connect(path: Path, timeout: float = _BUSY_TIMEOUT_S) -> sqlite3.Connection:
    # mode=rw never makes a file: one that vanished is an error, not an empty store.
    # Without an isolation level the driver begins nothing by itself.
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw",
        uri=True,
        timeout=timeout,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.text_factory = _text
    return connection


def _text(value: bytes) -> Any:  # noqa: ANN401 - the driver's own signature
    # Bytes that are no UTF-8 must spoil one row, not the whole result: they come back as
    # surrogates, which no row may hold (``rows``).
    return value.decode("utf-8", "surrogateescape")
