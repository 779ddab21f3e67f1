from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.decimals import MAX_UNITS, product, split_decimal, units_of

DIGITS = st.text("0123456789", min_size=1, max_size=9)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("0", ("0", "")),
        ("12.50", ("12", "50")),
        ("0.000000001", ("0", "000000001")),
        ("1" * 28, ("1" * 28, "")),
        ("1" * 29, None),
        *((text, None) for text in ("", ".", "1.", ".5", "00", "01", "-1", "+1", "1e5", "1_0")),
        *((text, None) for text in (" 1", "1 ", "1\n", "NaN", "\uff11", "\u0661", "1.2.3")),
    ],
)
def test_a_decimal_is_split_at_its_point(text: str, parts: tuple[str, str] | None) -> None:
    assert split_decimal(text) == parts


@given(DIGITS, st.text("0123456789", max_size=8))
def test_units_are_exact(whole: str, fraction: str) -> None:
    assert units_of(whole, fraction) == Decimal(f"{whole}.{fraction}") * 10**8


@given(st.integers(0, MAX_UNITS), st.integers(0, MAX_UNITS))
def test_a_product_is_rounded_up(sz: int, px: int) -> None:
    exact = sz * px
    assert product(sz, px) * 10**8 >= exact > (product(sz, px) - 1) * 10**8
