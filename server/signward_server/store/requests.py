"""Request ids of signatures, remembered for a while (S33)."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from math import ceil

from sqlalchemy import Engine

from signward_server.core.errors import RequestIdQuota, RequestIdReused
from signward_server.core.ports import Claim, Clock, RequestScope
from signward_server.store.canonical import scope_digest
from signward_server.store.failures import unavailable
from signward_server.store.quota import Usage
from signward_server.store.request_rows import ClaimRow, ClaimRows, live_claims, newest_claim
from signward_server.store.rows import microseconds, since_epoch
from signward_server.store.writing import Writing

__all__ = ["RequestMemory"]

_STEPS = 96
_PURGE_EVERY = 8
_PURGE_AT_MOST = 16
_SECOND = 1_000_000
_MILLISECOND = 1_000


class RequestMemory:
    """Implements ``core.ports.RequestLedger``.

    Time is the wall clock at start, or the newest claim if that is later, and then the
    monotonic clock: stepping the wall clock forgets nothing and brings nothing back.

    Args:
        swift: Engine whose commits survive the death of the process.
        writing: Lock of everything that writes to the store.
        clock: Dates claims.
        retention: How long a claim is remembered.
        quota: How many claims of one identity are remembered at most.

    Raises:
        StoreUnavailable: The claims cannot be read.
        ValueError: Retention or quota is not positive.
    """

    def __init__(
        self,
        swift: Engine,
        writing: Writing,
        clock: Clock,
        retention: timedelta,
        quota: int,
    ) -> None:
        if retention <= timedelta(0) or quota <= 0:
            raise ValueError("retention and quota are positive")
        self._rows = ClaimRows(swift)
        self._writing = writing
        self._clock = clock
        self._retention = microseconds(retention)
        self._step = max(self._retention // _STEPS, 1)
        self._quota = quota
        self._usage: defaultdict[str, Usage] = defaultdict(Usage)
        self._claims = 0
        with unavailable(), swift.connect() as connection:
            self._last = newest_claim(connection)
            self._start = max(since_epoch(clock.now()), self._last)
            self._started = clock.monotonic()
            cutoff = self._start - self._retention
            for identity, step, count in live_claims(connection, cutoff, self._step):
                self._usage[identity].add(step, count)

    def claim(self, scope: RequestScope, content: bytes, version: int) -> Claim:
        """See ``core.ports.RequestLedger.claim``."""
        digest = scope_digest(scope)
        with self._writing:
            wanted = ClaimRow(content, version, self._next_time())
            usage = self._usage[scope.identity]
            usage.drop_until((wanted.time - self._retention) // self._step)
            if usage.total >= self._quota:
                found = self._find_when_full(digest, usage, wanted)
            else:
                found = self._insert_or_find(digest, scope.identity, usage, wanted)
            self._purge_sometimes(wanted.time)
        if found.content != content:
            raise RequestIdReused
        return Claim(found.version, replayed=found != wanted)

    def close(self) -> None:
        """Let go of the database; nothing can be claimed afterwards."""
        self._rows.close()

    def _next_time(self) -> int:
        elapsed = round((self._clock.monotonic() - self._started) * _SECOND)
        # Two claims never have the same time: it tells a new row from a found one.
        self._last = max(self._start + elapsed, self._last + 1)
        return self._last

    def _insert_or_find(
        self, digest: bytes, identity: str, usage: Usage, wanted: ClaimRow
    ) -> ClaimRow:
        found = self._rows.insert_or_find(digest, identity, wanted)
        if found == wanted:
            usage.add(wanted.time // self._step)
            return wanted
        if found.time > wanted.time - self._retention:
            return found
        if not self._rows.renew(digest, found, wanted):
            return self._rows.insert_or_find(digest, identity, wanted)
        usage.add(wanted.time // self._step)
        return wanted

    def _find_when_full(self, digest: bytes, usage: Usage, wanted: ClaimRow) -> ClaimRow:
        found = self._rows.find(digest)
        if found is not None and found.time > wanted.time - self._retention:
            return found
        free_at = (usage.oldest + 1) * self._step + self._retention
        raise RequestIdQuota(retry_after=ceil((free_at - wanted.time) / _MILLISECOND) / 1_000)

    def _purge_sometimes(self, now: int) -> None:
        self._claims += 1
        if self._claims % _PURGE_EVERY == 0:
            self._rows.purge(now - self._retention, _PURGE_AT_MOST)
