"""The lock of a home's store; what locks it need not open it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from signward_server.config.schema import Store
from signward_server.home.lock import FileLock

__all__ = ["store_lock"]


def store_lock(section: Store) -> AbstractContextManager[object]:
    """Return the lock of a store: two homes, one within the other, can name the same file.

    A database is there to be shared, and has no lock.
    """
    if section.url:
        return nullcontext()
    return FileLock(
        section.path.with_name(f"{section.path.name}.lock"), f"the store {section.path}"
    )
