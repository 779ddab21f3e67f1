"""Request ids of signatures, remembered for a while (S33)."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from math import ceil

from signward_server.core.errors import RequestIdQuota, RequestIdReused, StoreUnavailable
from signward_server.core.ports import Claim, Clock, RequestScope
from signward_server.store.backend import Backend
from signward_server.store.canonical import scope_digest
from signward_server.store.failures import unavailable
from signward_server.store.quota import Usage
from signward_server.store.request_rows import ClaimRow, ClaimRows, live_claims, newest_claim
from signward_server.store.rows import microseconds, since_epoch
from signward_server.store.writing import Writing

__all__ = ["RequestMemory"]

_STEPS = 96
_PARTS = 16
_TRIES = 3
_PURGE_EVERY = 8
_PURGE_AT_MOST = 16
_SECOND = 1_000_000
_MILLISECOND = 1_000


class RequestMemory:
    """Implements ``core.ports.RequestLedger``.

    Time is the wall clock at start, or the newest claim if that is later, and then the
    monotonic clock: stepping the wall clock forgets nothing and brings nothing back.

    Where several processes share a store, each counts its own claims and looks from time to
    time at how many those of all are: together they go beyond a quota by at most one part in
    16 for each process.

    Args:
        backend: The database.
        writing: Lock of all claims of this process.
        clock: Dates claims.
        retention: How long a claim is remembered.
        quota: How many claims of one identity are remembered at most.
        shared: Whether other processes claim in this store.

    Raises:
        StoreUnavailable: The claims cannot be read.
        ValueError: Retention or quota is not positive.
    """

    def __init__(
        self,
        backend: Backend,
        writing: Writing,
        clock: Clock,
        retention: timedelta,
        quota: int,
        *,
        shared: bool,
    ) -> None:
        if retention <= timedelta(0) or quota <= 0:
            raise ValueError("retention and quota are positive")
        self._rows = ClaimRows(backend.swift, backend.picked)
        self._writing = writing
        self._clock = clock
        self._retention = microseconds(retention)
        self._step = max(self._retention // _STEPS, 1)
        self._quota = quota
        self._alone = max(quota // _PARTS, 1) if shared else None
        self._usage: defaultdict[str, Usage] = defaultdict(Usage)
        self._claims = 0
        with unavailable(), backend.swift.connect() as connection:
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
            usage = self._usage_of(scope.identity, wanted.time)
            if usage.total >= self._quota:
                found = self._find_when_full(digest, usage, wanted)
            else:
                found = self._insert_or_find(digest, scope.identity, usage, wanted)
            self._purge_sometimes(wanted.time)
        if found.content != content:
            raise RequestIdReused
        return Claim(found.version, replayed=found is not wanted)

    def close(self) -> None:
        """Let go of the database; nothing can be claimed afterwards."""
        self._rows.close()

    def _next_time(self) -> int:
        elapsed = round((self._clock.monotonic() - self._started) * _SECOND)
        self._last = max(self._start + elapsed, self._last)
        return self._last

    def _usage_of(self, identity: str, now: int) -> Usage:
        """Return what an identity has claimed; counted anew when much of it is only ours."""
        usage, cutoff = self._usage[identity], now - self._retention
        if self._alone is not None and usage.ours >= self._alone:
            usage = Usage()
            for step, count in self._rows.live(identity, cutoff, self._step):
                usage.add(step, count)
            self._usage[identity] = usage
        usage.drop_until(cutoff // self._step)
        return usage

    def _insert_or_find(
        self, digest: bytes, identity: str, usage: Usage, wanted: ClaimRow
    ) -> ClaimRow:
        for _ in range(_TRIES):
            if self._rows.insert(digest, identity, wanted):
                break
            found = self._rows.find(digest)
            if found is None:
                continue  # somebody has just deleted it
            if found.time > wanted.time - self._retention:
                return found
            if self._rows.renew(digest, found, wanted):
                break
        else:
            raise StoreUnavailable
        usage.add(wanted.time // self._step)
        usage.ours += 1
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
