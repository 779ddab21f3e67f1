"""Request ids of signatures, remembered for a while (S33)."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from math import ceil

from signward_server.core.errors import (
    EnvelopeCorrupt,
    RequestIdQuota,
    RequestIdReused,
    StoreUnavailable,
)
from signward_server.core.ports import Claim, Clock, RequestScope, RowAuthenticator
from signward_server.store.authentic_claims import AuthenticClaims
from signward_server.store.backend import Backend
from signward_server.store.canonical import scope_digest
from signward_server.store.claims import ClaimRow
from signward_server.store.failures import unavailable
from signward_server.store.quota import Usage
from signward_server.store.request_rows import (
    NUMBERED_LONGER,
    ClaimRows,
    live_claims,
    newest_claim,
)
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

    A claim with a nonce is on the disk when it is made, and remembered two days longer.

    Args:
        backend: The database.
        writing: Lock of all claims of this process.
        authenticator: Makes and checks the MACs of rows.
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
        authenticator: RowAuthenticator,
        clock: Clock,
        retention: timedelta,
        quota: int,
        *,
        shared: bool,
    ) -> None:
        if retention <= timedelta(0) or quota <= 0:
            raise ValueError("retention and quota are positive")
        self._rows = ClaimRows(backend.swift, backend.picked)
        self._firm = ClaimRows(backend.firm)
        self._authentic = AuthenticClaims(authenticator)
        self._writing = writing
        self._clock = clock
        self._retention = microseconds(retention)
        self._step = max(self._retention // _STEPS, 1)
        self._coarse = max(NUMBERED_LONGER // _STEPS // self._step, 1)  # steps
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
                self._usage[identity].add(self._counted(step, self._start), count)

    def claim(self, scope: RequestScope, content: bytes, version: int, nonce: int = 0) -> Claim:
        """See ``core.ports.RequestLedger.claim``."""
        digest = scope_digest(scope)
        with self._writing:
            now = self._next_time()
            until = now + NUMBERED_LONGER if nonce else now
            wanted = ClaimRow(content, version, until, nonce or None)
            usage = self._usage_of(scope.identity, now)
            if usage.total >= self._quota:
                found = self._find_when_full(digest, usage, now)
            else:
                found = self._insert_or_find(digest, scope.identity, usage, wanted, now)
            self._purge_sometimes(now)
        if found.content != content:
            raise RequestIdReused
        if nonce and found.nonce is None:
            raise EnvelopeCorrupt  # what takes a nonce was never remembered without one
        return Claim(found.version, replayed=found is not wanted, nonce=found.nonce or 0)

    def find(self, scope: RequestScope, content: bytes) -> Claim | None:
        """See ``core.ports.RequestLedger.find``."""
        with self._writing:
            found = self._found(self._rows, scope_digest(scope))
            if found is None or found.time <= self._next_time() - self._retention:
                return None
        if found.content != content:
            raise RequestIdReused
        return Claim(found.version, replayed=True, nonce=found.nonce or 0)

    def close(self) -> None:
        """Let go of the database; nothing can be claimed afterwards."""
        self._rows.close()
        self._firm.close()

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
                usage.add(self._counted(step, now), count)
            self._usage[identity] = usage
        usage.drop_until(cutoff // self._step)
        return usage

    def _counted(self, step: int, now: int) -> int:
        """Return the step that claims count in; coarser, and so later, far ahead of time."""
        return -(-step // self._coarse) * self._coarse if step > now // self._step else step

    def _insert_or_find(
        self, digest: bytes, identity: str, usage: Usage, wanted: ClaimRow, now: int
    ) -> ClaimRow:
        rows = self._rows if wanted.nonce is None else self._firm
        mac = self._authentic.tag(digest, identity, wanted)
        for _ in range(_TRIES):
            if rows.insert(digest, identity, wanted, mac):
                break
            found = self._found(rows, digest)
            if found is None:
                continue  # somebody has just deleted it
            if found.time > now - self._retention:
                return found
            if rows.renew(digest, found, wanted, mac):
                break
        else:
            raise StoreUnavailable
        usage.add(self._counted(wanted.time // self._step, now))
        usage.ours += 1
        return wanted

    def _found(self, rows: ClaimRows, digest: bytes) -> ClaimRow | None:
        row = rows.find(digest)
        return None if row is None else self._authentic.claim(digest, row)

    def _find_when_full(self, digest: bytes, usage: Usage, now: int) -> ClaimRow:
        found = self._found(self._rows, digest)
        if found is not None and found.time > now - self._retention:
            return found
        free_at = (usage.oldest + 1) * self._step + self._retention
        raise RequestIdQuota(retry_after=ceil((free_at - now) / _MILLISECOND) / 1_000)

    def _purge_sometimes(self, now: int) -> None:
        self._claims += 1
        if self._claims % _PURGE_EVERY == 0:
            self._rows.purge(now - self._retention, _PURGE_AT_MOST)
