"""Decimal strings as a trading desk writes them: read exactly or refused, never rounded."""

from __future__ import annotations

from typing import NamedTuple

from signward_server.core.decimals import MAX_UNITS, PLACES, product, split_decimal, units_of

__all__ = ["Amount", "notional_units", "parse_amount"]

# What a double gives back unchanged (S27); IEEE 754 binary64, C's DBL_DIG.
_MAX_SIGNIFICANT = 15


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

    One is as ``core.decimals.split_decimal`` has it, with at most 15 significant digits, not
    counting zeros that end a fraction: they are dropped.
    """
    parts = split_decimal(text)
    if parts is None:
        return None
    whole, fraction = parts
    fraction = fraction.rstrip("0")
    digits = whole + fraction
    if len(digits) > _MAX_SIGNIFICANT and len(digits.lstrip("0")) > _MAX_SIGNIFICANT:
        return None
    normal = f"{whole}.{fraction}" if fraction else whole
    if len(fraction) > PLACES:
        return Amount(normal, None)
    units = units_of(whole, fraction)
    return Amount(normal, units if units <= MAX_UNITS else None)


def notional_units(sz_units: int, px_units: int) -> int | None:
    """Multiply size and price, both in 1e-8 units.

    Returns:
        The value in 1e-8 units of the quote currency, rounded up: comparing it with a cap
        of whole units gives what the exact product gives. ``None`` above 2^63-1 (S5).
    """
    units = product(sz_units, px_units)
    return units if units <= MAX_UNITS else None
