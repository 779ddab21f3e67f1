"""Counts what is spent: one transaction that adds to rows and returns them (S12)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select, text, type_coerce
from sqlalchemy.types import NullType

from signward_server.core.errors import EtagMismatch, StoreUnavailable
from signward_server.core.ports import Event, Meter, RowAuthenticator, Time
from signward_server.core.value import value
from signward_server.store.backend import Backend
from signward_server.store.failures import conflicting, unavailable
from signward_server.store.meta_values import ADOPTED
from signward_server.store.rows import since_epoch
from signward_server.store.schema import meta, spending
from signward_server.store.spending.ring import Ring
from signward_server.store.spending.rows import AuthenticRings
from signward_server.store.writing import Writing

__all__ = ["Counted", "Spend", "Spending"]

_TRIES: Final = 5
_MOST_SEEN: Final = 512
_FAILED: Final = "spending"

_SCOPES: Any = bindparam("scopes", expanding=True)
_ADOPTED = select(meta.c.value).where(meta.c.name == ADOPTED).scalar_subquery()
_READ: Any = (
    select(*(type_coerce(column, NullType()) for column in spending.c), _ADOPTED)
    .where(spending.c.scope.in_(_SCOPES))
    .order_by(spending.c.scope)  # in which order rows are locked: nobody waits in a circle
    .with_for_update()
)
_WRITE = text("UPDATE spending SET spent = :spent, mac = :mac WHERE scope = :scope")
_MAKE = text(
    "INSERT INTO spending (scope, spent, mac) VALUES (:scope, :spent, :mac)"
    " ON CONFLICT (scope) DO NOTHING"
)
_log = logging.getLogger(__name__)


@value
class Spend:
    """An amount that is to be counted.

    Attributes:
        scope: Whose, 32 bytes.
        window: Length of the window, microseconds.
        amount: How much.
    """

    scope: bytes
    window: int
    amount: int


@value
class Counted:
    """An amount that was counted.

    Attributes:
        spend: What was to be.
        ring: What counts since, this included.
        number: Part that it was counted in.
        now: When, microseconds since the epoch.
        adopted: When a home was last adopted on this store, likewise; ``None`` if none ever was.
    """

    spend: Spend
    ring: Ring
    number: int
    now: int
    adopted: int | None


class Spending:
    """Rows of ``spending``; what is counted is on the disk when a method returns.

    What this process has seen counted stays counted: a row that somebody has put back to what
    it was before, or removed, is brought to what it was last.

    Args:
        backend: The database.
        writing: Lock of everything that writes to a store with one writer.
        authenticator: Makes and checks the MACs of rows.
        time: By which windows advance; never back, and by no wall clock that is set (S13).
        meter: Told of failures.
    """

    def __init__(
        self,
        backend: Backend,
        writing: Writing,
        authenticator: RowAuthenticator,
        time: Time,
        meter: Meter,
    ) -> None:
        self._durable = backend.durable
        self._writing = writing if backend.one_writer else None
        self._rings = AuthenticRings(authenticator)
        self._time = time
        self._meter = meter
        self._seen: dict[bytes, Ring] = {}
        self._seeing = threading.Lock()
        self._closed = False

    def add(self, spends: Sequence[Spend]) -> tuple[Counted, ...]:
        """Count amounts, all or none, and return what counts then.

        Args:
            spends: Each of another scope.

        Raises:
            StoreUnavailable: Nothing was counted, or nobody knows.
        """
        now = since_epoch(self._time.now())

        def spent(ring: Ring, spend: Spend) -> Ring:
            return ring.at(now, spend.window).with_spent(spend.amount)

        rings, adopted = self._changed(spends, spent)
        return tuple(
            Counted(spend, ring := rings[spend.scope], ring.current, now, adopted)
            for spend in spends
        )

    def give_back(self, counted: Sequence[Counted]) -> bool:
        """Take amounts off again, as far as they count still.

        Returns:
            Whether it is done. They stay spent while the store takes nothing.
        """
        numbers = {each.spend.scope: each for each in counted}

        def returned(ring: Ring, spend: Spend) -> Ring:
            before = numbers[spend.scope]
            if ring.window != spend.window:
                return ring  # another process has other parts
            return ring.without(before.number, spend.amount)

        try:
            self._changed([each.spend for each in counted], returned)
        except StoreUnavailable:
            self._meter.count(Event.STORE_FAILED, _FAILED)
            _log.warning("what was not signed stays counted, since the store takes nothing")
            return False
        return True

    def close(self) -> None:
        """Let go of the database."""
        self._closed = True

    def _changed(
        self, spends: Sequence[Spend], change: Callable[[Ring, Spend], Ring]
    ) -> tuple[Mapping[bytes, Ring], int | None]:
        """Change the rows of these scopes; return what they are, and when a home was adopted."""
        for _ in range(_TRIES):
            try:
                done = self._changed_at_once(spends, change)
            except EtagMismatch:
                continue
            if done is not None:
                self._remember(done[0])
                return done
            self._make(spends)
        raise StoreUnavailable

    def _changed_at_once(
        self, spends: Sequence[Spend], change: Callable[[Ring, Spend], Ring]
    ) -> tuple[Mapping[bytes, Ring], int | None] | None:
        """Do so in a transaction; ``None`` if a row is missing.

        Raises:
            EtagMismatch: It was undone because of another one.
        """
        wanted = {"scopes": [spend.scope for spend in spends]}
        with self._transaction() as connection:
            rows = {row[0]: row for row in connection.execute(_READ, wanted)}
            if len(rows) < len(spends):
                return None
            rings = {s.scope: change(self._latest(rows[s.scope]), s) for s in spends}
            written = [self._rings.row(scope, ring) for scope, ring in rings.items()]
            connection.execute(_WRITE, written)
        adopted = rows[spends[0].scope][3]
        return rings, None if adopted is None else int(adopted)

    def _latest(self, row: Sequence[Any]) -> Ring:
        """Return a row's ring, with all that this process has seen counted in it."""
        scope, spent, mac = row[:3]
        seen, stored = self._seen.get(scope), self._rings.ring(scope, spent, mac)
        if stored is not None and (seen is None or stored.revision >= seen.revision):
            return stored
        self._meter.count(Event.STORE_FAILED, _FAILED)
        if seen is None:
            _log.error("a row of spending is not as it was written")
            raise StoreUnavailable
        _log.error("a row of spending was changed by somebody else, and is put right")
        return seen if stored is None else stored.merged(seen)

    def _make(self, spends: Sequence[Spend]) -> None:
        """Make the rows that are missing, one at a time, so that nobody waits in a circle."""
        for spend in sorted(spends, key=lambda spend: spend.scope):
            ring = self._seen.get(spend.scope) or Ring(spend.window)
            with self._transaction() as connection:
                connection.execute(_MAKE, self._rings.row(spend.scope, ring))

    def _remember(self, rings: Mapping[bytes, Ring]) -> None:
        with self._seeing:
            for scope, ring in rings.items():
                seen = self._seen.pop(scope, ring)
                self._seen[scope] = max(ring, seen, key=lambda ring: ring.revision)
            while len(self._seen) > _MOST_SEEN:
                del self._seen[next(iter(self._seen))]

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """Run a transaction that is on the disk when it ends.

        Raises:
            EtagMismatch: It was undone because of another one.
            StoreUnavailable: It failed, as far as is known.
        """
        if self._closed:
            raise StoreUnavailable
        if self._writing is None:
            with unavailable(), conflicting(), self._durable.begin() as connection:
                yield connection
        else:
            with self._writing, unavailable(), self._durable.begin() as connection:
                yield connection
