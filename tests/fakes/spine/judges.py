"""Policy, limits, caps and request ids that remember what they were asked."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from signward_server.core.caps import Uncounted
from signward_server.core.errors import (
    PolicyDenied,
    RateLimited,
    RequestIdQuota,
    RequestIdReused,
    SignwardError,
    SpendLimit,
    StoreUnavailable,
)
from signward_server.core.identity import Authentication, Identity
from signward_server.core.keys import Key, KeyVersion
from signward_server.core.method_classes import MethodClass
from signward_server.core.ports import Caller, Claim, RequestScope
from signward_server.core.signing import Decoded, Intent

__all__ = [
    "FakeCaps",
    "FakeFailures",
    "FakeGeneration",
    "FakeLimits",
    "FakePolicy",
    "FakeRequestLedger",
    "Judgement",
]


@dataclass(frozen=True)
class Judgement:
    identity: Identity
    action: str
    key: Key | None
    intent: Intent | None
    totals: Mapping[str, int] | None
    version: KeyVersion | None = None
    authentication: Authentication | None = None
    address: str = ""
    approved: bool = False


@dataclass(frozen=True, eq=False)
class FakeGeneration:
    """Implements ``core.ports.Generation``.

    Attributes:
        unapproved: Actions of which no policy asks whether somebody else has approved them.
    """

    version: str
    unapproved: frozenset[str] = frozenset()

    def asks_approval(self, action: str) -> bool:
        return action not in self.unapproved


class FakePolicy:
    """Implements ``core.ports.Policy``: denies the actions in ``denied`` and what ``rule`` says.

    ``replace`` puts another set of policies in their place. More items than ``spent_above``
    are beyond a spend limit.
    """

    def __init__(self) -> None:
        self.denied: set[str] = set()
        self.rule: Callable[[Judgement], bool] = lambda judgement: True
        self.judged: list[Judgement] = []
        self._number = itertools.count(1)
        self.generation = FakeGeneration("set-0")
        self.spent_above: int | None = None

    def replace(self, *denied: str) -> None:
        self.denied = set(denied)
        self.generation = FakeGeneration(f"set-{next(self._number)}")

    def authorize(
        self,
        caller: Caller,
        action: str,
        key: Key | None,
        version: KeyVersion | None = None,
        intent: Intent | None = None,
        totals: Mapping[str, int] | None = None,
        *,
        approved: bool = False,
    ) -> tuple[str, ...]:
        judgement = Judgement(
            caller.identity,
            action,
            key,
            intent,
            totals and dict(totals),
            version,
            caller.authentication,
            caller.address,
            approved,
        )
        self.judged.append(judgement)
        most = self.spent_above
        if most is not None and totals and totals["items"] > most:
            raise SpendLimit(metadata={"policies": "fake.cedar:2", "limits": "items"})
        if action in self.denied or not self.rule(judgement):
            raise PolicyDenied(
                metadata={"policies": "fake.cedar:1"} if action in self.denied else {}
            )
        return ("fake.cedar:0",)


class FakeLimits:
    """Implements ``core.ports.Limits``.

    Attributes:
        refused: Classes and keys that are refused.
        room: How many are admitted from now on.
        admitted: What was counted, in order.
    """

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.room: float = math.inf
        self.admitted: list[tuple[Identity, MethodClass, str, int]] = []
        self.blocking = False

    def admit(self, identity: Identity, what: MethodClass, key: str = "", cost: int = 1) -> None:
        if what in self.refused or key in self.refused or self.room < cost:
            raise RateLimited(retry_after=1.5)
        self.room -= cost
        self.admitted.append((identity, what, key, cost))


class FakeFailures:
    """Implements ``core.ports.AuthenticationFailures``; peers in ``tired`` are told to wait."""

    def __init__(self) -> None:
        self.counted: list[tuple[str, str]] = []
        self.tired = False

    def answer(self, address: str, error: SignwardError) -> SignwardError:
        self.counted.append((address, error.reason))
        return RateLimited(retry_after=1.0) if self.tired else error

    @property
    def reasons(self) -> list[str]:
        return [reason for _, reason in self.counted]


class FakeCaps:
    """Implements ``core.ports.Caps``: counts items, of which one falls out each second.

    Attributes:
        spent: Items that count now.
        reserved: How often something was reserved.
        actions: See ``core.ports.Caps``.
    """

    def __init__(self) -> None:
        self.spent = 0
        self.reserved = 0
        self.actions: frozenset[str] = frozenset()
        self.lock = threading.Lock()

    def alone(self, decoded: Decoded) -> Uncounted:
        return Uncounted({"items": 1})

    def reserve(
        self, identity: Identity, key: Key, version: KeyVersion, decoded: Decoded
    ) -> _Reserved:
        with self.lock:
            self.spent += 1
            self.reserved += 1
            return _Reserved(self, {"items": self.spent})


@dataclass
class _Reserved:
    caps: FakeCaps
    totals: Mapping[str, int]
    released: bool = field(default=False)

    @property
    def before(self) -> Mapping[str, int]:
        return {"items": self.totals["items"] - 1}

    def ahead(self) -> Iterator[tuple[float, Mapping[str, int]]]:
        for second in range(1, self.totals["items"]):
            yield float(second), {"items": self.totals["items"] - second}

    def release(self) -> None:
        assert not self.released, "released twice: that would give back another's spending"
        self.released = True
        with self.caps.lock:
            self.caps.spent -= 1


class FakeRequestLedger:
    """Implements ``core.ports.RequestLedger`` for ``quota`` requests.

    Attributes:
        broken: Whether a claim is written, and nobody is told.
    """

    def __init__(self) -> None:
        self.quota = 1000
        self.broken = False
        self.known: dict[RequestScope, tuple[bytes, int, int]] = {}
        self._lock = threading.Lock()

    def claim(self, scope: RequestScope, content: bytes, version: int, nonce: int = 0) -> Claim:
        with self._lock:
            found = self._found(scope, content)
            if found is not None:
                return found
            if len(self.known) >= self.quota:
                raise RequestIdQuota(retry_after=60)
            self.known[scope] = (content, version, nonce)
            if self.broken:
                raise StoreUnavailable
            return Claim(version, replayed=False, nonce=nonce)

    def find(self, scope: RequestScope, content: bytes) -> Claim | None:
        with self._lock:
            return self._found(scope, content)

    def _found(self, scope: RequestScope, content: bytes) -> Claim | None:
        found = self.known.get(scope)
        if found is None:
            return None
        known, version, nonce = found
        if known != content:
            raise RequestIdReused
        return Claim(version, replayed=True, nonce=nonce)
