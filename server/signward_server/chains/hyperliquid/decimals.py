"""Decimal strings as the exchange writes them: read exactly or refused, never rounded."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = [
    "MAX_UNITS",
    "Amount",
    "DecimalRefused",
    "parse_decimal",
    "product",
    "units_of_millionths",
]

MAX_UNITS = 2**63 - 1
"""Policies count in signed 64-bit integers (S6)."""

_UNITS_PER_WHOLE = 10**8
_DECIMALS = 8
_MAX_LENGTH = 28
# Up to here, a double lies within half a unit of the number, so that eight decimals of it give
# the number back: its error is at most 2^-53 of it (IEEE 754 binary64).
_ALWAYS_EXACT = 2**52
_split = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]{1,8}))?").fullmatch


class Amount(NamedTuple):
    """A number that is zero or more.

    Attributes:
        text: Plain decimal without zeros that end a fraction.
        units: The same in 1e-8 units, within 0..2^63-1.
    """

    text: str
    units: int


class DecimalRefused(ValueError):  # noqa: N818  # says what happened
    """A text that is no such number.

    Args:
        rule: What it must be, in a sentence for the caller.
        beyond: Whether it is well formed, but above what is signed (S6).
    """

    def __init__(self, rule: str, *, beyond: bool = False) -> None:
        super().__init__(rule)
        self.rule = rule
        self.beyond = beyond


def parse_decimal(text: str) -> Amount:
    """Read a decimal string.

    It is at most 28 characters long: ASCII digits without leading zeros, and a point with one
    to eight digits after it or none. No sign, exponent, NaN or space.

    The exchange's own client takes doubles. What a double does not give back unchanged would
    be another number there, so it is refused.

    Raises:
        DecimalRefused: It is none of these, or above 2^63-1 units.
    """
    parts = _split(text) if len(text) <= _MAX_LENGTH else None
    if parts is None:
        raise DecimalRefused(
            "Must be a plain decimal number of 0 or more: digits with at most one point, no "
            "sign, exponent, space or leading zero, at most 8 decimals and 28 characters."
        )
    whole, fraction = parts.groups()
    if fraction is None:
        units = int(whole) * _UNITS_PER_WHOLE
        normal = whole
    else:
        units = int(whole + fraction) * 10 ** (_DECIMALS - len(fraction))
        normal = text.rstrip("0").rstrip(".") if fraction[-1] == "0" else text
    if units > _ALWAYS_EXACT:
        if units > MAX_UNITS:
            raise DecimalRefused("Must be at most 92233720368.54775807.", beyond=True)
        if _by_double(text) != units:
            raise DecimalRefused("Must not have more significant digits than a double gives back.")
    return Amount(normal, units)


def product(sz: int, px: int) -> int:
    """Multiply two numbers of 1e-8 units.

    Returns:
        1e-8 units, rounded up: comparing it with a cap of whole units gives what the exact
        product gives. May be above 2^63-1.
    """
    return -(-sz * px // _UNITS_PER_WHOLE)


def units_of_millionths(amount: int) -> int:
    """Return 1e-8 units of an amount in millionths, as the exchange counts USDC."""
    return amount * 100


def _by_double(text: str) -> int:
    """Return the units of the eight decimals of the nearest double, half to even."""
    return int(f"{float(text):.8f}".replace(".", ""))
