"""Decimal strings as a trading desk writes them: read exactly or refused, never rounded."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Amount", "notional_units", "parse_amount"]

_UNITS_PER_WHOLE = 10**8
_MAX_UNITS = 2**63 - 1
_DECIMALS = 8
_MAX_LENGTH = 28
# What a double gives back unchanged (S27); IEEE 754 binary64, C's DBL_DIG.
_MAX_SIGNIFICANT = 15
_split = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]+))?").fullmatch


class Amount(NamedTuple):
    """A number that is zero or more.

    Attributes:
        text: Plain decimal without trailing zeros; a JSON number (RFC 8259).
        units: The same number in 1e-8 units, within 0..2^63-1; ``None`` if it is not a
            whole number of them, or more (S6).
    """

    text: str
    units: int | None


def parse_amount(text: str) -> Amount | None:
    """Read a decimal string; ``None`` if it is not one that is signed.

    One is at most 28 characters long: ASCII digits without leading zeros, and a point
    with digits after it or none. It has at most 15 significant digits, not counting zeros
    that end a fraction: they are dropped. No sign, exponent, NaN, space or underscore.
    """
    parts = _split(text) if len(text) <= _MAX_LENGTH else None
    if parts is None:
        return None
    whole, fraction = parts.groups("")
    fraction = fraction.rstrip("0")
    digits = whole + fraction
    if len(digits) > _MAX_SIGNIFICANT and len(digits.lstrip("0")) > _MAX_SIGNIFICANT:
        return None
    normal = f"{whole}.{fraction}" if fraction else whole
    decimals = len(fraction)
    if decimals > _DECIMALS:
        return Amount(normal, None)
    units = int(digits) * 10 ** (_DECIMALS - decimals)
    return Amount(normal, units if units <= _MAX_UNITS else None)


def notional_units(sz_units: int, px_units: int) -> int | None:
    """Multiply size and price, both in 1e-8 units.

    Returns:
        The value in 1e-8 units of the quote currency, rounded up: comparing it with a cap
        of whole units gives what the exact product gives. ``None`` above 2^63-1 (S5).
    """
    units = -(-sz_units * px_units // _UNITS_PER_WHOLE)
    return units if units <= _MAX_UNITS else None
