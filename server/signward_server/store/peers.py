"""Who else keeps keys in memory, and what they know (S34)."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable
from contextlib import suppress

from sqlalchemy import text

from signward_server.core.errors import StoreUnavailable
from signward_server.core.ports import Clock
from signward_server.store.backend import Backend
from signward_server.store.driver import DriverSession, DriverStatement
from signward_server.store.failures import unavailable

__all__ = ["Peers"]

_SOON_S = 0.001
_SOONEST_S = 0.016
_MICROSECOND = 1e-6
_LONGEST_S = 60.0  # what a lease may last: ``config.store``
_TOUCH = text("UPDATE peers SET known = :known, lease = :lease WHERE id = :id RETURNING id")
_JOIN = text("INSERT INTO peers (id, known, lease) VALUES (:id, :known, :lease)")
_LEAVE = text("DELETE FROM peers WHERE id = :id")
_STRIKE = text("DELETE FROM peers WHERE id = :id AND known < :version")
_BEHIND = text(
    "SELECT id, lease FROM peers WHERE known < :version AND id <> :id ORDER BY lease DESC"
)


class Peers:
    """The processes that share a store, each with a row that says what it knows.

    A process has its row before it asks for the version that its lease rests on. So whoever
    looks after a commit either sees the row, and waits, or was first, and then that process
    sees the commit.

    Args:
        backend: The database.
        lease: Seconds for which this process acts on what it knows without asking.
        clock: Measures them.
    """

    def __init__(self, backend: Backend, lease: float, clock: Clock) -> None:
        self._id = uuid.uuid4().hex
        self._lease = lease
        self._clock = clock
        self._durable = backend.durable
        self._session = DriverSession(backend.swift)
        engine = backend.swift
        self._touch = DriverStatement(engine, _TOUCH)
        self._leave = DriverStatement(engine, _LEAVE)
        self._strike = DriverStatement(engine, _STRIKE)
        self._behind = DriverStatement(engine, _BEHIND)

    def acknowledge(self, known: int) -> None:
        """Say that memory is at this version, and nothing acts on an older one any more.

        Raises:
            StoreUnavailable: It could not be said.
        """
        lease = round(self._lease / _MICROSECOND)
        row = {"id": self._id, "known": known, "lease": lease}
        if self._session.first(self._touch, row) is None:
            # On the disk: a database that forgot this row when it crashed would wait for nobody.
            with unavailable(), self._durable.begin() as connection:
                connection.execute(_JOIN, row)

    def settle(self, version: int) -> None:
        """Return when no other process acts on an older version than this.

        That is when all have acknowledged it, or when the lease of those that did not has run
        out since; those are struck off, and come back when they know it. It is called after
        the version was committed.
        """
        begun, pause, lease = self._clock.monotonic(), _SOON_S, self._lease
        while True:
            left: list[str] = []
            try:
                left, lease = self._those_behind(version)
            except StoreUnavailable:
                left = [""]  # who it is cannot be said now
            if not left:
                return
            if self._clock.monotonic() - begun >= lease:
                break
            threading.Event().wait(pause)
            pause = min(2 * pause, _SOONEST_S)
        self._strike_off(left, version)

    def close(self) -> None:
        """Leave, so that nobody waits for this process."""
        with suppress(StoreUnavailable):  # whoever waits next strikes it off
            self._session.first(self._leave, {"id": self._id})
        self._session.close()

    def _those_behind(self, version: int) -> tuple[list[str], float]:
        """Return their ids, and the longest lease of one; rows that nobody here wrote count less.

        They have no MAC: whoever writes to the database may have changes take a minute more,
        or return before the others know, which they do within their own lease all the same.
        """
        rows = self._session.all(self._behind, {"version": version, "id": self._id})
        leases = [min(row[1] * _MICROSECOND, _LONGEST_S) for row in rows]
        return [row[0] for row in rows], max([self._lease, *leases])

    def _strike_off(self, ids: Iterable[str], version: int) -> None:
        with suppress(StoreUnavailable):  # the next one does it
            for peer in ids:
                self._session.first(self._strike, {"id": peer, "version": version})
