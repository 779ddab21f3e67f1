"""The metrics of several processes as those of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from operator import add
from typing import Final, TypeAlias, cast

from signward_server.core.ports import Level
from signward_server.telemetry.families import Distribution, Family

__all__ = ["gathered", "lasting"]

_Number: TypeAlias = "float | Distribution"
_Join: TypeAlias = Callable[[float, float], float]

# A level is that of the process where it is highest, unless it adds up or the least counts.
_LEAST: Final = min
_LEVELS: Final[Mapping[Level, _Join]] = {
    Level.READY: _LEAST,
    Level.LIMIT_STORAGE_UP: _LEAST,
    Level.AUDIT_UP: _LEAST,
    Level.CERTIFICATE_EXPIRY: _LEAST,
    Level.NONCE_CLOCK: _LEAST,
    Level.NONCE_LANE: _LEAST,
    Level.REFERENCES: _LEAST,
    Level.QUEUED: add,
    Level.STREAMS: add,
    Level.UNLOCKED_KEYS: add,
    Level.LOCKED_MEMORY: add,
    Level.LOCKED_MEMORY_LIMIT: add,
    Level.AUDIT_SIZE: add,
    Level.AUDIT_UNSYNCED: add,
    Level.AUDIT_UNSIGNED: add,
}
_BY_NAME: Final[Mapping[str, _Join]] = {level.value: join for level, join in _LEVELS.items()}


def gathered(processes: Iterable[Iterable[Family]]) -> tuple[Family, ...]:
    """Return the families of all processes, each once, in the order in which they come first.

    What is counted adds up. A level adds up too, or is the least or, unless said otherwise, the
    highest of them.
    """
    found: dict[str, Family] = {}
    for families in processes:
        for family in families:
            known = found.get(family.name)
            found[family.name] = family if known is None else _joined(known, family)
    return tuple(found.values())


def lasting(families: Iterable[Family]) -> tuple[Family, ...]:
    """Return what goes on to count when its process has ended: all but levels."""
    return tuple(family for family in families if family.kind != "gauge")


def _joined(one: Family, other: Family) -> Family:
    if (one.kind, one.labels) != (other.kind, other.labels):  # of another version
        return one
    join = _BY_NAME.get(one.name, max) if one.kind == "gauge" else add
    numbers: dict[tuple[str, ...], _Number] = dict(one.samples)
    for labels, number in other.samples:
        known = numbers.get(labels)
        numbers[labels] = number if known is None else _both(known, number, join)
    return replace(one, samples=tuple(numbers.items()))


def _both(one: _Number, other: _Number, join: _Join) -> _Number:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return _distribution(one, other)
    return join(cast("float", one), cast("float", other))


def _distribution(one: Distribution, other: Distribution) -> Distribution:
    if one[0] != other[0]:  # of another version
        return one
    return one[0], tuple(map(add, one[1], other[1])), one[2] + other[2]
