"""What a rate limit says: so many of a class of methods within a window, by whom or what."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeAlias, TypeVar

from signward_server.core.errors import FieldInvalid, RateLimited
from signward_server.core.identity import Identity
from signward_server.core.method_classes import MethodClass
from signward_server.core.ports import Limits

__all__ = ["MARGIN", "Board", "Per", "Rule", "RuledLimits", "Selection", "board_of", "version_of"]

MARGIN = 0.001
"""Seconds; more than any rounding on the way to the client takes off."""


class Per(enum.StrEnum):
    """What has a counter of its own; the value is its name in the configuration."""

    IDENTITY = "identity"
    KEY = "key"
    IDENTITY_AND_KEY = "identity_and_key"


_COUNTERS: Mapping[Per, Callable[[Identity, str], tuple[str, ...]]] = {
    Per.IDENTITY: lambda identity, _: (identity.kind, identity.name),
    Per.KEY: lambda _, key: (key,),
    Per.IDENTITY_AND_KEY: lambda identity, key: (identity.kind, identity.name, key),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit, counted in windows of a fixed length that begin with what is counted first.

    Attributes:
        what: The class of methods.
        per: What has a counter of its own. Rules by key hold only where a key is known.
        limit: How many a window admits, at least 1.
        window: Length of a window in seconds, at least 1.
    """

    what: MethodClass
    per: Per
    limit: int
    window: int

    def __str__(self) -> str:
        return f"{self.what.value}/{self.per.value}/{self.limit}/{self.window}"

    @property
    def counter(self) -> Callable[[Identity, str], tuple[str, ...]]:
        """Gives the name of the counter for a caller and a key."""
        return _COUNTERS[self.per]

    def part(self, count: int) -> Rule:
        """Return what each of ``count`` that count alone admits, rounded down (S43)."""
        return replace(self, limit=self.limit // count)

    def refusal(self, wait: float) -> RateLimited:
        """Return the error for what gets through in ``wait`` seconds."""
        return RateLimited(
            metadata={
                "class": self.what.value,
                "per": self.per.value,
                "limit": str(self.limit),
                "window": f"{self.window}s",
            },
            retry_after=wait + MARGIN,
        )


class RuledLimits(Limits, Protocol):
    """Limits whose rules can be replaced while they are in use."""

    @property
    def version(self) -> str:
        """SHA-256 of the rules in force, in hex."""
        ...

    def replace(self, rules: Iterable[Rule]) -> None:
        """Put other rules in force, all at once; those that stay keep their counters.

        Args:
            rules: What is limited; no two of them the same.
        """
        ...


class _Ruled(Protocol):
    """Whatever enforces one rule."""

    @property
    def rule(self) -> Rule: ...


_T = TypeVar("_T", bound=_Ruled)


class Selection(Generic[_T]):
    """What applies to a call.

    Attributes:
        parts: What enforces each rule.
        most: The highest cost that all of them ever admit.
    """

    __slots__ = ("most", "parts")

    def __init__(self, parts: Sequence[_T]) -> None:
        self.parts = tuple(parts)
        self.most = min((part.rule.limit for part in parts), default=0)

    def too_costly(self) -> FieldInvalid:
        """Return the error for a cost that no waiting helps."""
        return FieldInvalid.at("payload", f"must count for at most {self.most}, as a rate limit")


Board: TypeAlias = Mapping[MethodClass, tuple[Selection[_T] | None, Selection[_T]]]
"""By class of methods: what applies without a known key, if anything, and with one."""


def board_of(parts: Iterable[_T]) -> Board[_T]:
    """Return what applies to what; a class without rules is not in it."""
    by_class: dict[MethodClass, list[_T]] = {}
    for part in parts:
        by_class.setdefault(part.rule.what, []).append(part)
    return {what: (_without_key(found), Selection(found)) for what, found in by_class.items()}


def version_of(rules: Iterable[Rule]) -> str:
    """Return the SHA-256 of a set of rules, in hex; their order does not matter."""
    return hashlib.sha256("\n".join(sorted(map(str, rules))).encode()).hexdigest()


def _without_key(parts: Sequence[_T]) -> Selection[_T] | None:
    found = [part for part in parts if part.rule.per is Per.IDENTITY]
    return Selection(found) if found else None
