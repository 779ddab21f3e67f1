"""Request ids of signatures, remembered for a while (S33)."""

from __future__ import annotations

import threading
from collections import defaultdict
from datetime import timedelta

from sqlalchemy import Engine

from signward_server.core.errors import RequestIdQuota, RequestIdReused
from signward_server.core.ports import Clock, RequestScope
from signward_server.store import request_rows
from signward_server.store.canonical import microseconds, scope_digest, since_epoch
from signward_server.store.failures import unavailable
from signward_server.store.quota import Usage
from signward_server.store.request_rows import Claim

__all__ = ["RequestMemory"]

_STEPS = 96
_PURGE_EVERY = 16
_PURGE_AT_MOST = 32
_SECOND = 1_000_000


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
    """

    def __init__(
        self,
        swift: Engine,
        writing: threading.Lock,
        clock: Clock,
        retention: timedelta,
        quota: int,
    ) -> None:
        self._swift = swift
        self._writing = writing
        self._clock = clock
        self._retention = microseconds(retention)
        self._step = max(self._retention // _STEPS, 1)
        self._quota = quota
        self._usage: defaultdict[str, Usage] = defaultdict(Usage)
        self._claims = 0
        with unavailable():
            self._connection = swift.connect()
            newest = request_rows.newest_claim(self._connection) or 0
            self._last = newest
            self._start = max(since_epoch(clock.now()), newest)
            self._started = clock.monotonic()
            for identity, step, count in request_rows.live_claims(
                self._connection, self._start - self._retention, self._step
            ):
                self._usage[identity].add(step, count)

    def claim(self, scope: RequestScope, content: bytes, version: int) -> int:
        """See ``core.ports.RequestLedger.claim``."""
        digest = scope_digest(scope)
        with self._writing, unavailable():
            wanted = Claim(content, version, self._next_time())
            usage = self._usage[scope.identity]
            usage.drop_until((wanted.time - self._retention) // self._step)
            if usage.total >= self._quota:
                found = self._find_when_full(digest, usage, wanted)
            else:
                found = self._insert_or_find(digest, scope.identity, usage, wanted)
            self._purge_sometimes(wanted.time)
        if found.content != content:
            raise RequestIdReused
        return found.version

    def close(self) -> None:
        """Give the connection back."""
        with self._writing:
            self._connection.close()

    def _next_time(self) -> int:
        elapsed = int((self._clock.monotonic() - self._started) * _SECOND)
        # Two claims never have the same time: it tells a new row from a found one.
        self._last = max(self._start + elapsed, self._last + 1)
        return self._last

    def _insert_or_find(self, digest: bytes, identity: str, usage: Usage, wanted: Claim) -> Claim:
        found = request_rows.insert_or_find(self._connection, digest, identity, wanted)
        if found.time == wanted.time:
            usage.add(wanted.time // self._step)
            return wanted
        if found.time > wanted.time - self._retention:
            return found
        request_rows.renew(self._connection, digest, found, wanted)
        usage.add(wanted.time // self._step)
        return wanted

    def _find_when_full(self, digest: bytes, usage: Usage, wanted: Claim) -> Claim:
        found = request_rows.find(self._connection, digest)
        if found is not None and found.time > wanted.time - self._retention:
            return found
        free_at = (usage.oldest + 1) * self._step + self._retention
        raise RequestIdQuota(retry_after=max(free_at - wanted.time, 0) / _SECOND)

    def _purge_sometimes(self, now: int) -> None:
        self._claims += 1
        if self._claims % _PURGE_EVERY == 0:
            request_rows.purge(self._connection, now - self._retention, _PURGE_AT_MOST)
