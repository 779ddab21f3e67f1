from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from signward_server.chains.hyperliquid.decimals import (
    DecimalRefused,
    parse_decimal,
    units_of_millionths,
)
from signward_server.core.decimals import MAX_UNITS


def by_the_official_client(text: str) -> str:
    """Return what the exchange's own client makes of a number (its ``float_to_wire``)."""
    number = float(text)
    rounded = f"{number:.8f}"
    assert abs(float(rounded) - number) < 1e-12
    return f"{Decimal(rounded).normalize():f}"


@pytest.mark.parametrize(
    ("text", "wire", "units"),
    [
        ("0", "0", 0),
        ("0.0", "0", 0),
        ("0.00000000", "0", 0),
        ("0.00000001", "0.00000001", 1),
        ("1", "1", 10**8),
        ("100", "100", 10**10),
        ("100.00", "100", 10**10),
        ("1.50", "1.5", 150_000_000),
        ("10.01000000", "10.01", 1_001_000_000),
        ("65000.5", "65000.5", 6_500_050_000_000),
        ("0.1", "0.1", 10_000_000),
        ("45035996.27370496", "45035996.27370496", 2**52),
        ("92233720368", "92233720368", 92_233_720_368 * 10**8),
    ],
)
def test_numbers(text: str, wire: str, units: int) -> None:
    assert parse_decimal(text) == (wire, units)
    assert by_the_official_client(text) == wire


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-0",
        "-1",
        "+1",
        "01",
        "00",
        "1.",
        ".5",
        ".",
        "1..2",
        "1.2.3",
        "1e5",
        "1E5",
        "0x10",
        "NaN",
        "nan",
        "Infinity",
        "inf",
        "1_000",
        "1,5",
        " 1",
        "1 ",
        "1\n",
        "\u0661",  # a digit of another script
        "\uff11",
        "0.000000001",
        "1.000000000",
        "1" * 29,
        "0." + "0" * 27,
    ],
)
def test_what_is_no_such_number(text: str) -> None:
    with pytest.raises(DecimalRefused) as caught:
        parse_decimal(text)
    assert caught.value.rule.startswith("Must be a plain decimal number of 0 or more")
    assert not caught.value.beyond


@pytest.mark.parametrize("text", ["92233720368.54775808", "92233720369", "9" * 28])
def test_s06_what_policies_cannot_count(text: str) -> None:
    with pytest.raises(DecimalRefused) as caught:
        parse_decimal(text)
    assert caught.value.beyond


@pytest.mark.parametrize("text", ["1717986918.40000011", "92233720368.54775807", "90000000000.1"])
def test_what_a_double_does_not_give_back(text: str) -> None:
    with pytest.raises(DecimalRefused, match="more significant digits"):
        parse_decimal(text)
    assert by_the_official_client(text) != text


@given(st.integers(0, MAX_UNITS), st.integers(0, 8))
@example(2**52 + 1, 0)
@example(2**53 + 1, 0)
def test_what_is_taken_is_what_the_official_client_makes_of_it(units: int, zeros: int) -> None:
    exact = f"{units // 10**8}.{units % 10**8:08}"
    for text in (exact, exact[: len(exact) - zeros] if zeros < 8 else exact[:-9]):
        try:
            found = parse_decimal(text)
        except DecimalRefused:
            assert Decimal(by_the_official_client(text)) != Decimal(text)
        else:
            assert found.text == by_the_official_client(text)
            assert Decimal(found.units).scaleb(-8) == Decimal(text)


@given(st.integers(0, 2**52))
def test_numbers_of_fifteen_digits_are_taken(units: int) -> None:
    assert parse_decimal(f"{units // 10**8}.{units % 10**8:08}").units == units


@given(st.text(st.sampled_from("0123456789.-+eE_ \u0661naif"), max_size=30))
def test_whatever_is_taken_has_one_reading(text: str) -> None:
    try:
        found = parse_decimal(text)
    except DecimalRefused:
        return
    assert set(text) <= set("0123456789.")
    assert Decimal(found.text) == Decimal(text)
    assert found.text == by_the_official_client(text)


def test_millionths() -> None:
    assert units_of_millionths(1) == 100
