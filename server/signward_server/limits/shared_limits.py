"""Rate limits that several replicas count together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Protocol

from limits import RateLimitItem, RateLimitItemPerSecond

from signward_server.core.errors import RateLimited
from signward_server.core.identity import Identity
from signward_server.core.method_classes import MethodClass
from signward_server.core.ports import Clock, Event, Meter
from signward_server.limits.breaker import Breaker
from signward_server.limits.memory_limits import MemoryLimits
from signward_server.limits.redis_place import RedisPlace
from signward_server.limits.redis_windows import RedisWindows, StorageFailed
from signward_server.limits.rules import Board, Rule, board_of, version_of

__all__ = ["SharedLimits", "SharedWindows", "open_shared_limits"]

_INTERVAL = 1.0  # seconds between two tries of a storage that fails


class SharedWindows(Protocol):
    """Counters outside of the process; see ``RedisWindows``."""

    def acquire(
        self, counters: Sequence[tuple[RateLimitItem, str]], cost: int
    ) -> tuple[int, float] | None:
        """Count in all counters or return which is full, and for how long."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class _Shared:
    """A rule whose counters are outside of the process."""

    __slots__ = ("_counter", "item", "rule")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._counter = rule.counter
        namespace = f"{rule.what.value}/{rule.per.value}"
        self.item: RateLimitItem = RateLimitItemPerSecond(rule.limit, rule.window, namespace)

    def key(self, identity: Identity, key: str) -> str:
        """Return the name of a counter: a digest, since nobody there need know of whom."""
        name = "\0".join(self._counter(identity, key)).encode()
        return self.item.key_for(hashlib.blake2b(name, digest_size=16).hexdigest())


class SharedLimits:
    """Implements ``ports.Limits`` and ``RuledLimits``.

    Args:
        rules: What is limited; no two of them the same.
        windows: The counters.
        breaker: Whether they are worth asking.
        local: What limits while they are not; ``None`` refuses everything that has a rule.
        meter: Told of what is refused.
    """

    blocking = True

    def __init__(
        self,
        rules: Iterable[Rule],
        *,
        windows: SharedWindows,
        breaker: Breaker,
        local: MemoryLimits | None,
        meter: Meter,
    ) -> None:
        self._windows = windows
        self._breaker = breaker
        self._local = local
        self._meter = meter
        self._rules: frozenset[Rule] = frozenset()
        self._board: Board[_Shared] = {}
        self.replace(rules)

    @property
    def version(self) -> str:
        """SHA-256 of the rules in force, in hex."""
        return version_of(self._rules)

    def replace(self, rules: Iterable[Rule]) -> None:
        """Put other rules in force; see ``RuledLimits``."""
        self._rules = frozenset(rules)
        self._board = board_of(_Shared(rule) for rule in self._rules)
        if self._local is not None:
            self._local.replace(self._rules)

    def admit(self, identity: Identity, what: MethodClass, key: str = "", cost: int = 1) -> None:
        """Count calls or items, in all that applies or in nothing; see ``ports.Limits``."""
        found = self._board.get(what)
        selection = found[1 if key else 0] if found else None
        if selection is None:
            return
        if cost > selection.most:
            raise selection.too_costly()
        if not self._breaker.works:
            self._admit_alone(identity, what, key, cost)
            return
        counters = [(shared.item, shared.key(identity, key)) for shared in selection.parts]
        try:
            refused = self._windows.acquire(counters, cost)
        except StorageFailed:
            self._breaker.failed()
            self._admit_alone(identity, what, key, cost)
            return
        if refused is not None:
            full, wait = refused
            self._meter.count(Event.RATE_LIMITED, what.value)
            raise selection.parts[full].rule.refusal(wait)

    def close(self) -> None:
        """Let go of the storage."""
        self._breaker.close()
        self._windows.close()

    def _admit_alone(self, identity: Identity, what: MethodClass, key: str, cost: int) -> None:
        if self._local is not None:
            self._local.admit(identity, what, key, cost)
            return
        self._meter.count(Event.RATE_LIMITED, what.value)
        raise RateLimited(retry_after=self._breaker.retry_after)


def open_shared_limits(
    rules: Iterable[Rule],
    place: RedisPlace,
    *,
    alone: bool,
    clock: Clock,
    meter: Meter,
    workers: int = 1,
) -> SharedLimits:
    """Return limits that count in Redis or Valkey. That it is down is no error.

    Args:
        rules: What is limited.
        place: Where the server is.
        alone: Whether to count here alone while it fails, rather than to refuse.
        clock: For what is counted here.
        meter: Told of what is refused, and of the server.
        workers: How many processes count alone then.
    """
    rules = tuple(rules)
    windows = RedisWindows(place)
    breaker = Breaker(
        windows.answers, interval=_INTERVAL, patience=place.patience, clock=clock, meter=meter
    )
    if not windows.answers():
        breaker.failed()
    local = MemoryLimits(rules, clock, meter, workers) if alone else None
    return SharedLimits(rules, windows=windows, breaker=breaker, local=local, meter=meter)
