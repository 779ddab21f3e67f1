"""Where a home's store is, and the lock of it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from signward_server.config.schema import Store
from signward_server.home.lock import FileLock
from signward_server.home.password_file import read_password
from signward_server.store import StoreAddress

__all__ = ["store_lock", "store_place"]


def store_place(section: Store) -> Path | StoreAddress:
    """Return the file or the database of a store.

    Raises:
        ConfigurationRefused: The password cannot be read.
    """
    if not section.url:
        return section.path
    password = ""
    if section.password is not None:
        password = read_password(section.password, "store.password", "the database's")
    return StoreAddress(section.url, password)


def store_lock(section: Store) -> AbstractContextManager[object]:
    """Return the lock of a store: two homes, one within the other, can name the same file.

    A database is there to be shared, and has no lock.
    """
    if section.url:
        return nullcontext()
    return FileLock(
        section.path.with_name(f"{section.path.name}.lock"), f"the store {section.path}"
    )
