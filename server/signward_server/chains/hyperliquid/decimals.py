"""Decimal strings as the exchange writes them: read exactly or refused, never rounded."""

from __future__ import annotations

from typing import NamedTuple

from signward_server.core.decimals import MAX_UNITS, PLACES, split_decimal, units_of

__all__ = ["Amount", "DecimalRefused", "parse_decimal", "units_of_millionths"]

# Up to here, a double lies within half a unit of the number, so that eight decimals of it give
# the number back: its error is at most 2^-53 of it (IEEE 754 binary64).
_ALWAYS_EXACT = 2**52


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

    It is as ``core.decimals.split_decimal`` has it, with at most eight digits after the point.

    The exchange's own client takes doubles. What a double does not give back unchanged would
    be another number there, so it is refused.

    Raises:
        DecimalRefused: It is none of these, or above 2^63-1 units.
    """
    parts = split_decimal(text)
    if parts is None or len(parts[1]) > PLACES:
        raise DecimalRefused(
            "Must be a plain decimal number of 0 or more: digits with at most one point, no "
            "sign, exponent, space or leading zero, at most 8 decimals and 28 characters."
        )
    whole, fraction = parts
    units = units_of(whole, fraction)
    normal = text.rstrip("0").rstrip(".") if fraction.endswith("0") else text
    if units > _ALWAYS_EXACT:
        if units > MAX_UNITS:
            raise DecimalRefused("Must be at most 92233720368.54775807.", beyond=True)
        if _by_double(text) != units:
            raise DecimalRefused("Must not have more significant digits than a double gives back.")
    return Amount(normal, units)


def units_of_millionths(amount: int) -> int:
    """Return 1e-8 units of an amount in millionths, as the exchange counts USDC."""
    return amount * 100


def _by_double(text: str) -> int:
    """Return the units of the eight decimals of the nearest double, half to even."""
    return int(f"{float(text):.8f}".replace(".", ""))
