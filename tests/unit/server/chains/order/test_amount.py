from __future__ import annotations

import json
from decimal import Decimal
from time import thread_time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from signward_server.chains.order.amount import Amount, notional_units, parse_amount

MAX = 2**63 - 1
DIGITS = st.text("0123456789", max_size=20)
WRITTEN = st.builds(lambda whole, part: f"{whole}.{part}" if part else whole, DIGITS, DIGITS)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", Amount("0", 0)),
        ("0.0", Amount("0", 0)),
        ("1", Amount("1", 10**8)),
        ("1.0", Amount("1", 10**8)),
        ("100", Amount("100", 10**10)),
        ("0.10", Amount("0.1", 10**7)),
        ("0.00000001", Amount("0.00000001", 1)),
        ("0.000000010000", Amount("0.00000001", 1)),
        ("65000.5", Amount("65000.5", 6_500_050_000_000)),
        ("1.500000000000000000", Amount("1.5", 150_000_000)),
        ("92233720368", Amount("92233720368", 9_223_372_036_800_000_000)),
        ("92233720368.5477", Amount("92233720368.5477", 9_223_372_036_854_770_000)),
    ],
)
def test_read(text, amount):
    assert parse_amount(text) == amount


@pytest.mark.parametrize(
    "text",
    ["0.000000001", "1.123456789", "92233720368.5478", "92233720369", "100000000000000"],
)
def test_s06_what_is_not_whole_units_in_range_has_none(text):
    assert parse_amount(text) == Amount(text, None)


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "-1", "-0", "+1", "1e5", "1E5", "1e-5", "1e999999999", "NaN", "nan", "sNaN"),
        *("Infinity", "-inf", "007", "00", "00.5", "01", ".5", "1.", "1..2", "1.2.3", "1,5"),
        *("1_000", " 1", "1 ", "1\n", "\n1", "1\0", "\t1", "0x10", "0b1", "1/2", "1.-5", "1. 5"),
        *("\uff11\uff12", "\u0661", "\u00b2", "1\u00b7 5", "\ud800", "\u22121", "½", "१"),
        *("1" * 30, "1" + "0" * 29, "0." + "1" * 30, "1." + "0" * 30, "0" * 30),
        *("true", "null", '"1"', "{}", "1" * 16, "1234567890.123456", "12345678.00000001"),
    ],
)
def test_s27_refused(text):
    assert parse_amount(text) is None


def test_s27_fifteen_significant_digits():
    assert parse_amount("1234567.12345678") == Amount("1234567.12345678", 123456712345678)
    assert parse_amount("0.00000000000123456789012345") == Amount(
        "0.00000000000123456789012345", None
    )
    assert parse_amount("1234567.123456789") is None


@given(WRITTEN)
def test_s27_whatever_is_accepted_is_exactly_the_number_given(text):
    amount = parse_amount(text)
    assume(amount is not None)
    assert amount is not None
    given_number = Decimal(text)
    assert json.loads(amount.text, parse_float=Decimal, parse_int=Decimal) == given_number
    # A reader that takes doubles gets the same number back from the shortest form.
    assert Decimal(repr(float(amount.text))) == given_number
    assert "." not in amount.text or not amount.text.endswith(("0", "."))
    if amount.units is not None:
        assert Decimal(amount.units) == given_number * 10**8
        assert 0 <= amount.units <= MAX
    else:
        units = given_number * 10**8
        assert units != units.to_integral_value() or units > MAX


@given(st.integers(0, 10**15 - 1), st.integers(0, 8))
def test_every_number_of_15_digits_and_8_places_is_accepted(number, places):
    text = f"{Decimal(number).scaleb(-places):f}"
    amount = parse_amount(text)
    assert amount is not None
    units = number * 10 ** (8 - places)
    assert amount.units == (units if units <= MAX else None)


@given(st.text())
def test_any_text_is_read_or_refused(text):
    amount = parse_amount(text)
    assert amount is None or Decimal(amount.text) == Decimal(text)


@pytest.mark.parametrize("piece", ["1", "0", "0.", "9.9", "1e", " ", "\uff11", "NaN"])
def test_a_mebibyte_is_refused_at_once(piece):
    text = piece * (2**20 // len(piece))
    start = thread_time()
    for _ in range(100):
        assert parse_amount(text) is None
    assert thread_time() - start < 0.1


@given(st.integers(0, MAX), st.integers(0, MAX))
def test_s05_notional_is_the_exact_product_rounded_up_or_refused(sz, px):
    exact = Decimal(sz) * Decimal(px)
    notional = notional_units(sz, px)
    if notional is None:
        assert sz * px > MAX * 10**8
    else:
        assert (notional - 1) * 10**8 < exact <= notional * 10**8
        assert 0 <= notional <= MAX


def test_s05_notional_at_the_edge_of_the_range():
    assert notional_units(MAX, 10**8) == MAX
    assert notional_units(MAX, 10**8 + 1) is None
    assert notional_units(MAX, 0) == 0
    assert notional_units(1, 1) == 1
