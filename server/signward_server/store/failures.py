"""What can be wrong with a store, for the operator at start and for callers later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from signward_server.core.errors import EtagMismatch, StoreUnavailable

__all__ = ["StoreFileError", "conflicting", "unavailable"]

_CONFLICTS = frozenset({"40001", "40P01"})  # SQLSTATE: serialisation failure, deadlock


class StoreFileError(Exception):
    """The store cannot be opened; the text says what is wrong and what to do.

    Raised while the daemon starts, before there is a caller, so it is outside the tree
    of ``core.errors``. The text names the file; it holds no secret.
    """


@contextmanager
def unavailable() -> Iterator[None]:
    """Turn whatever the database reports into ``StoreUnavailable``.

    A violated constraint passes: only the writer knows what it means.

    Raises:
        StoreUnavailable: The database is locked, full, read-only, damaged or gone.
    """
    try:
        yield
    except IntegrityError:
        raise
    except (DBAPIError, PoolTimeout) as exc:
        raise StoreUnavailable from exc


@contextmanager
def conflicting() -> Iterator[None]:
    """Tell that a transaction was undone because of another one.

    Raises:
        EtagMismatch: It was; nothing of it was kept, and it can be tried again.
    """
    try:
        yield
    except DBAPIError as exc:
        if getattr(exc.orig, "sqlstate", None) in _CONFLICTS:
            raise EtagMismatch from exc
        raise
