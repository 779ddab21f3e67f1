"""Decimal strings and the units that policies count them in: exactly, never rounded."""

from __future__ import annotations

import re
from typing import Final

from signward_server.core.actions import MAX_NUMBER

__all__ = ["MAX_UNITS", "PLACES", "product", "split_decimal", "units_of"]

MAX_UNITS: Final = MAX_NUMBER
"""What policies can count (S6)."""

PLACES: Final = 8
"""Decimals of a unit: one is 1e-8."""

_UNITS_PER_WHOLE: Final = 10**8
_MAX_LENGTH = 28
_split = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]+))?").fullmatch


def split_decimal(text: str) -> tuple[str, str] | None:
    """Return the digits before the point and those after it, as written; ``None`` if it is none.

    One is zero or more, and at most 28 characters long: ASCII digits without leading zeros, and
    a point with digits after it or none. No sign, exponent, NaN, space or underscore.
    """
    parts = _split(text) if len(text) <= _MAX_LENGTH else None
    if parts is None:
        return None
    whole, fraction = parts.groups("")
    return whole, fraction


def units_of(whole: str, fraction: str) -> int:
    """Return a number in units.

    Args:
        whole: Its digits before the point.
        fraction: Those after it, at most 8.
    """
    scale: int = 10 ** (PLACES - len(fraction))
    return int(whole + fraction) * scale


def product(one: int, other: int) -> int:
    """Multiply two numbers of units.

    Returns:
        Units, rounded up: comparing it with a cap of whole units gives what the exact product
        gives. May be above 2^63-1.
    """
    return -(-one * other // _UNITS_PER_WHOLE)
