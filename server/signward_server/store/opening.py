"""Opening a store, in a file or in a database."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from signward_server.core.ports import Clock
from signward_server.store.address import StoreAddress
from signward_server.store.backend import Backend
from signward_server.store.failures import StoreFileError
from signward_server.store.sqlite import SqliteFile
from signward_server.store.store import Store

__all__ = ["open_store"]


def open_store(
    place: Path | StoreAddress,
    clock: Clock,
    *,
    upgrade: bool = True,
    shared: bool = False,
    lease: timedelta = timedelta(seconds=2),
) -> Store:
    """Open the store in a SQLite file, making it if there is none, or in PostgreSQL.

    Args:
        place: The file; its folder is made with mode 0700 if it is missing. Or the database.
        clock: Dates changes and request ids.
        upgrade: Whether tables of an older release are migrated.
        shared: Whether other processes serve from the file; from a database they always may.
        lease: For how long this process acts on what it knows without asking the store.

    Raises:
        StoreFileError: It is not ours, not private, damaged, out of reach or not writable,
            it is newer than this release, or older and ``upgrade`` is off.
    """
    backend = _backend(place)
    try:
        backend.prepare()
    except StoreFileError:
        backend.close()
        raise
    store = Store(backend, clock, shared=shared or not backend.one_writer, lease=lease)
    try:
        _ensure_current(store, backend.place, upgrade=upgrade)
    except StoreFileError:
        store.close()
        raise
    return store


def _backend(place: Path | StoreAddress) -> Backend:
    if isinstance(place, Path):
        return SqliteFile(place)
    try:
        from signward_server.store.postgres import PostgresDatabase  # noqa: PLC0415 - an extra
    except ImportError as exc:
        raise StoreFileError(
            f"the store {place} needs a driver: pip install 'signward[scale]'"
        ) from exc
    return PostgresDatabase(place)


def _ensure_current(store: Store, place: str, *, upgrade: bool) -> None:
    try:
        current = store.is_current()
        if upgrade and not current:
            store.migrate()  # unless somebody else has just done it
            current = True
    except DBAPIError as exc:
        raise StoreFileError(
            f"the store {place} is damaged, full or in use by another process"
        ) from exc
    if not current:
        raise StoreFileError(
            f"the store {place} was written by an older release; run: signward migrate"
        )
