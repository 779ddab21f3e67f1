"""Statements on the signing path: written by SQLAlchemy, run by the driver itself.

An execution through SQLAlchemy's layers, or a turn through its pool, costs more than
SQLite needs for a whole claim. The few statements that a signature may wait for are
compiled once and run on a connection that is held.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ClauseElement, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import PoolProxiedConnection

from signward_server.core.errors import StoreUnavailable

__all__ = ["DriverSession", "DriverStatement"]


class DriverStatement:
    """A statement in the driver's words.

    Args:
        engine: Whose dialect it is written in.
        statement: Its parameters go to the driver as they are.
    """

    def __init__(self, engine: Engine, statement: ClauseElement) -> None:
        compiled = statement.compile(engine)
        self.sql = str(compiled)
        self._order = getattr(compiled, "positiontup", None)

    def arguments(self, parameters: Mapping[str, object]) -> Any:  # noqa: ANN401 - the driver's
        """Return the parameters in the form that the driver takes."""
        if self._order is None:
            return parameters
        return [parameters[name] for name in self._order]


class DriverSession:
    """One connection, opened when it is first needed and after each failure.

    A connection that was lost while it was idle is made anew, and the statement run again.

    Args:
        engine: Each of its statements commits by itself.
        repeats: Whether a statement can be run again that may have been run.
    """

    def __init__(self, engine: Engine, *, repeats: bool = True) -> None:
        self._engine = engine
        self._repeats = repeats
        self._driver_error = engine.dialect.loaded_dbapi.Error
        self._lock = threading.Lock()
        self._connection: PoolProxiedConnection | None = None
        self._closed = False

    def first(
        self, statement: DriverStatement, parameters: Mapping[str, object]
    ) -> tuple[Any, ...] | None:
        """Run a statement to its end and return its first row, ``None`` without rows.

        Raises:
            StoreUnavailable: It failed, or the session is closed.
        """
        rows = self.all(statement, parameters)
        return rows[0] if rows else None

    def all(
        self, statement: DriverStatement, parameters: Mapping[str, object]
    ) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows; see ``first``."""
        with self._lock:
            known = self._connection
            try:
                return self._run(statement, parameters)
            except (SQLAlchemyError, self._driver_error) as exc:
                lost = known is not None and self._repeats and self._was_lost(exc)
                self._drop()
                if not lost:
                    raise StoreUnavailable from exc
            try:
                return self._run(statement, parameters)
            except (SQLAlchemyError, self._driver_error) as exc:
                self._drop()
                raise StoreUnavailable from exc

    def close(self) -> None:
        """Give the connection back for good."""
        with self._lock:
            self._closed = True
            self._drop()

    def _run(
        self, statement: DriverStatement, parameters: Mapping[str, object]
    ) -> list[tuple[Any, ...]]:
        if self._closed:
            raise StoreUnavailable
        if self._connection is None:
            self._connection = self._engine.raw_connection()
        cursor = self._connection.cursor()
        try:
            cursor.execute(statement.sql, statement.arguments(parameters))
            return list(cursor.fetchall()) if cursor.description else []
        finally:
            cursor.close()

    def _was_lost(self, error: Exception) -> bool:
        """Return whether the other side had closed the connection, as far as can be seen."""
        if self._connection is None or isinstance(error, TimeoutError):
            return False
        raw = self._connection.dbapi_connection
        dialect = self._engine.dialect
        return isinstance(error, self._driver_error) and dialect.is_disconnect(error, raw, None)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection = None
