"""Caps: how much may be signed within a window of time (S12)."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from signward_server.core.actions import MAX_NUMBER, ActionKind, FieldType
from signward_server.core.errors import PayloadUnsupported
from signward_server.core.signing import Decoded, Intent

__all__ = ["COUNT", "UNCOUNTED", "Cap", "CapScope", "Uncounted", "capped", "misfits"]

COUNT = "count"
"""The measure that counts payloads."""

_OF_ALL = "total_"
_ALSO_OF_ALL = frozenset({"orders"})


class CapScope(enum.StrEnum):
    """What has a window of its own."""

    IDENTITY = "identity"
    KEY = "key"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """One sum or count over a sliding window.

    Attributes:
        name: As policies read it, ``context.window.<name>``.
        measure: ``COUNT``, or the field of the Intents that is summed up, in its unit.
        actions: Which payloads are counted.
        window: How long what was counted counts.
        per: What has a window of its own.
    """

    name: str
    measure: str
    actions: frozenset[str]
    window: timedelta
    per: CapScope

    def amount(self, decoded: Decoded) -> int | None:
        """Return what a payload counts, once; ``None`` if none of its Intents is counted.

        What each of several Intents has of its own is summed up; what they say of the whole
        payload (``total_value``, ``orders``) counts once.

        Raises:
            PayloadUnsupported: A number is outside of 0..2^63-1 (S6).
        """
        counted = [intent for intent in decoded.intents if intent.action in self.actions]
        if not counted:
            return None
        if self.measure == COUNT:
            return 1
        amounts = [_number(intent, self.measure) for intent in counted]
        whole = self.measure.startswith(_OF_ALL) or self.measure in _ALSO_OF_ALL
        return max(amounts) if whole else sum(amounts)


class Uncounted:
    """A reservation of nothing; implements ``ports.Reservation``.

    Args:
        totals: What policies see all the same.
    """

    __slots__ = ("before", "totals")

    def __init__(self, totals: Mapping[str, int]) -> None:
        self.totals = totals
        self.before: Mapping[str, int] = MappingProxyType(dict.fromkeys(totals, 0))

    def ahead(self) -> Iterator[tuple[float, Mapping[str, int]]]:
        """Return nothing: no total falls."""
        return iter(())

    def release(self) -> None:
        """Return."""


UNCOUNTED: Final = Uncounted(MappingProxyType({}))
"""The reservation of what no cap counts."""


def capped(kinds: Iterable[ActionKind], caps: Iterable[Cap]) -> tuple[ActionKind, ...]:
    """Return the actions, each with the names of the caps that count it."""
    caps = tuple(caps)
    return tuple(replace(kind, windows=_windows(kind.name, caps)) for kind in kinds)


def misfits(cap: Cap, kinds: Iterable[ActionKind]) -> Iterator[tuple[str, str]]:
    """Yield each action that a cap cannot count, and why, as the end of a sentence."""
    known = {kind.name: kind for kind in kinds}
    for name in sorted(cap.actions):
        kind = known.get(name)
        if kind is None or not kind.record:
            yield name, "is no action that signs"
        elif cap.measure != COUNT and kind.fields.get(cap.measure) is not FieldType.NUMBER:
            yield name, f"has no number {cap.measure}"


def _windows(action: str, caps: tuple[Cap, ...]) -> tuple[str, ...]:
    return tuple(sorted(cap.name for cap in caps if action in cap.actions))


def _number(intent: Intent, field: str) -> int:
    found = intent.fields.get(field)
    if type(found) is not int or not 0 <= found <= MAX_NUMBER:
        raise PayloadUnsupported
    return found
