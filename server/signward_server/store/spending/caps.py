"""Caps on what is spent, counted in the store; see ``core.ports.Caps``."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from signward_server.core.actions import MAX_NUMBER
from signward_server.core.caps import UNCOUNTED, Cap, CapScope, Uncounted
from signward_server.core.identity import Identity
from signward_server.core.keys import Key, KeyVersion
from signward_server.core.ports import AccountOf, Event, Meter, Reservation
from signward_server.core.signing import Decoded
from signward_server.core.value import value
from signward_server.store.rows import microseconds
from signward_server.store.spending.rows import scope_of
from signward_server.store.spending.spending import Counted, Spend, Spending

__all__ = ["StoredCaps"]

_SECOND = 1_000_000


class StoredCaps:
    """Implements ``core.ports.Caps``.

    Args:
        caps: All of them, by other names each.
        spending: Where they are counted.
        accounts: Says which ledger account a version acts for.
        meter: Counts.

    Attributes:
        actions: See ``core.ports.Caps``.
    """

    def __init__(
        self, caps: Iterable[Cap], spending: Spending, accounts: AccountOf, meter: Meter
    ) -> None:
        self._spending = spending
        self._accounts = accounts
        self._meter = meter
        by_action: defaultdict[str, list[Cap]] = defaultdict(list)
        for cap in caps:
            for action in cap.actions:
                by_action[action].append(cap)
        self._by_action = {action: tuple(found) for action, found in by_action.items()}
        self.actions = frozenset(by_action)

    def alone(self, decoded: Decoded) -> Reservation:
        """See ``core.ports.Caps.alone``."""
        caps = self._caps_of(decoded).values()
        totals = {cap.name: min(cap.amount(decoded) or 0, MAX_NUMBER) for cap in caps}
        return Uncounted(totals) if totals else UNCOUNTED

    def reserve(
        self, identity: Identity, key: Key, version: KeyVersion, decoded: Decoded
    ) -> Reservation:
        """See ``core.ports.Caps.reserve``."""
        caps = self._caps_of(decoded)
        if not caps:
            return UNCOUNTED
        spends = []
        for cap in caps.values():
            whose = self._whose(cap, identity, key, version, decoded)
            scope = scope_of(cap.name, cap.measure, cap.per, *whose)
            spends.append(Spend(scope, microseconds(cap.window), cap.amount(decoded) or 0))
        counted = self._spending.add(spends)
        for name in caps:
            self._meter.count(Event.CAP_COUNTED, name)
        return _Reserved(self._spending, tuple(caps), counted, self._meter)

    def _caps_of(self, decoded: Decoded) -> Mapping[str, Cap]:
        actions = {intent.action for intent in decoded.intents}
        if actions.isdisjoint(self._by_action):
            return {}
        return {cap.name: cap for action in actions for cap in self._by_action.get(action, ())}

    def _whose(
        self, cap: Cap, identity: Identity, key: Key, version: KeyVersion, decoded: Decoded
    ) -> tuple[str, str]:
        """Return the network of what has a window of its own, and its name there."""
        if cap.per is CapScope.IDENTITY:
            return "", str(identity)
        if cap.per is CapScope.KEY:
            return "", key.id
        account = decoded.account or self._accounts.account(key, version)
        return (key.network, account) if account else ("", f"key:{key.id}")


class _Reserved:
    """Implements ``core.ports.Reservation``.

    Args:
        spending: Where it was counted.
        names: Of the caps.
        counted: What was counted, in the same order.
        meter: Counts.
    """

    def __init__(
        self, spending: Spending, names: Sequence[str], counted: Sequence[Counted], meter: Meter
    ) -> None:
        self._spending = spending
        self._meter = meter
        self._counted = counted
        self._released = False
        self._windows = [_Window(name, each) for name, each in zip(names, counted, strict=True)]
        self.totals: Mapping[str, int] = {
            window.name: window.total(window.counted.now, window.counted.ring.total)
            for window in self._windows
        }

    @property
    def before(self) -> Mapping[str, int]:
        """See ``core.ports.Reservation.before``."""
        return {window.name: window.before for window in self._windows}

    def ahead(self) -> Iterator[tuple[float, Mapping[str, int]]]:
        """See ``core.ports.Reservation.ahead``; this request counts all along."""
        totals = dict(self.totals)
        now = self._counted[0].now
        for time, name, total in heapq.merge(*(window.falls() for window in self._windows)):
            totals[name] = total
            yield max(time - now, 0) / _SECOND, dict(totals)

    def release(self) -> None:
        """See ``core.ports.Reservation.release``; nothing happens the second time."""
        if self._released:
            return
        self._released = True
        if self._spending.give_back(self._counted):
            for window in self._windows:
                self._meter.count(Event.CAP_RETURNED, window.name)


@value
class _Window:
    """A cap's window at the time of a request."""

    name: str
    counted: Counted

    @property
    def opens(self) -> int:
        """When it does not reach back any more before the last adoption (S41)."""
        adopted = self.counted.adopted
        return 0 if adopted is None else adopted + self.counted.spend.window

    @property
    def before(self) -> int:
        """What a policy sees without the request."""
        counted = self.counted
        return self.total(counted.now, counted.ring.total - counted.spend.amount)

    def total(self, time: int, spent: int) -> int:
        """Return what a policy sees at a time if this much was spent."""
        return MAX_NUMBER if time < self.opens else min(spent, MAX_NUMBER)

    def falls(self) -> Iterator[tuple[int, str, int]]:
        """Yield when the total falls, the name, and what it is then, this request included."""
        counted, opens = self.counted, self.opens
        own = counted.spend.amount
        others = counted.ring.without(counted.number, own)
        steps = [(counted.now, others.total + own)]
        steps += [(time, total + own) for time, total in others.falls()]
        if opens > counted.now:
            spent = next(total for time, total in reversed(steps) if time <= opens)
            yield opens, self.name, self.total(opens, spent)
        for time, spent in steps[1:]:
            if time > opens:
                yield time, self.name, self.total(time, spent)
