"""Rate limits of one process, in its memory."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from signward_server.core.errors import RateLimited
from signward_server.core.identity import Identity
from signward_server.core.method_classes import MethodClass
from signward_server.core.ports import Clock, Event, Meter
from signward_server.limits.rules import Board, Rule, Selection, board_of, version_of
from signward_server.limits.windows import Window, Windows

__all__ = ["MemoryLimits"]

_MOST = 100_000  # counters of one rule, some 30 MiB


class _Counted(Windows):
    """The counters of a rule."""

    __slots__ = ("counter", "limit", "rule")

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule.window, _MOST)
        self.rule = rule
        self.limit = rule.limit
        self.counter = rule.counter


class MemoryLimits:
    """Implements ``ports.Limits`` and ``RuledLimits``.

    Args:
        rules: What is limited; no two of them the same.
        clock: Its monotonic time is what counts: setting the wall clock changes nothing.
        meter: Told of what is refused.
        workers: How many processes count like this one; each admits its part (S43).
    """

    blocking = False

    def __init__(self, rules: Iterable[Rule], clock: Clock, meter: Meter, workers: int = 1) -> None:
        self._workers = workers
        self._now = clock.monotonic
        self._meter = meter
        self._lock = threading.Lock()
        self._rules: dict[Rule, _Counted] = {}
        self._board: Board[_Counted] = {}
        self.replace(rules)

    @property
    def version(self) -> str:
        """SHA-256 of the rules in force, in hex."""
        return version_of(self._rules)

    def replace(self, rules: Iterable[Rule]) -> None:
        """Put other rules in force; see ``RuledLimits``."""
        with self._lock:
            kept = self._rules
            self._rules = {
                rule: kept[rule] if rule in kept else self._counted(rule) for rule in rules
            }
            self._board = board_of(self._rules.values())

    def admit(self, identity: Identity, what: MethodClass, key: str = "", cost: int = 1) -> None:
        """Count calls or items, in all that applies or in nothing; see ``ports.Limits``."""
        found = self._board.get(what)
        if found is None:
            return
        selection = found[1] if key else found[0]
        if selection is None:
            return
        if cost > selection.most:
            raise selection.too_costly()
        refused = self._count(selection, identity, key, cost)
        if refused is not None:
            self._meter.count(Event.RATE_LIMITED, what.value)
            raise refused

    def _counted(self, rule: Rule) -> _Counted:
        return _Counted(rule.part(self._workers))

    def _count(
        self, selection: Selection[_Counted], identity: Identity, key: str, cost: int
    ) -> RateLimited | None:
        """Count, or return the refusal that takes the longest wait."""
        running: list[Window] = []
        with self._lock:
            now = self._now()
            for counted in selection.parts:
                window = counted.find(counted.counter(identity, key), now)
                if window is None or window.count + cost > counted.limit:
                    break
                running.append(window)
            else:
                for window in running:
                    window.count += cost
                return None
            return self._begin_or_refuse(selection, identity, key, cost, now)

    def _begin_or_refuse(
        self, selection: Selection[_Counted], identity: Identity, key: str, cost: int, now: float
    ) -> RateLimited | None:
        """Count where not everything has a window with room; with the lock held."""
        hits: list[tuple[_Counted, tuple[str, ...], Window | None]] = []
        refusing, latest = None, 0.0
        for counted in selection.parts:
            name = counted.counter(identity, key)
            window = counted.find(name, now)
            if window is None or window.count + cost <= counted.limit:
                hits.append((counted, name, window))
            elif window.ends > latest:
                refusing, latest = counted, window.ends
        if refusing is not None:
            return refusing.rule.refusal(latest - now)
        for counted, name, window in hits:
            if window is None:
                counted.begin(name, now, cost)
            else:
                window.count += cost
        return None
