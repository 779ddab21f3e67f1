"""A list of reference prices is read strictly, whoever wrote it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.home.price_list import LARGEST_LIST, BadPriceList, parsed

LARGEST = "92233720368.54775807"  # 2**63-1 units


def document(**members: object) -> bytes:
    return json.dumps({"time": 1_795_000_000_000, **members}).encode()


def test_prices_are_read_in_units() -> None:
    listed = parsed(document(mainnet={"0": "65000.5", "10107": "0.00000001"}, testnet={"0": "1"}))
    assert listed.time == 1_795_000_000_000
    assert dict(listed.prices) == {
        ("mainnet", 0): 6_500_050_000_000,
        ("mainnet", 10107): 1,
        ("testnet", 0): 100_000_000,
    }


def test_a_network_may_be_left_out() -> None:
    assert dict(parsed(document()).prices) == {}


@given(st.integers(1, 2**63 - 1), st.integers(0, 2**32 - 1))
def test_every_price_in_range_is_read_exactly(units: int, asset: int) -> None:
    text = f"{units // 10**8}.{units % 10**8:08}"
    assert parsed(document(mainnet={str(asset): text})).prices == {("mainnet", asset): units}


@pytest.mark.parametrize(
    "price",
    [
        "0",
        "0.00000000",
        "-1",
        "+1",
        "1e3",
        "NaN",
        "Infinity",
        "",
        ".5",
        "1.",
        "01",
        "1,5",
        " 1",
        "1\n",
        "1_0",
        "0x1",
        "1.000000001",
        "\u0661",  # a digit of another script
        "\uff11",
        "92233720368.54775808",
        "9" * 5000,
        1,
        True,
        None,
        ["1"],
        {"px": "1"},
    ],
)
def test_s32_what_is_no_price_is_refused(price: object) -> None:
    with pytest.raises(BadPriceList):
        parsed(document(mainnet={"0": price}))
    assert parsed(document(mainnet={"0": LARGEST})).prices["mainnet", 0] == 2**63 - 1


@pytest.mark.parametrize("asset", ["", "00", "-1", "1.0", "BTC", "4294967296", "9" * 99, "\u0661"])
def test_what_is_no_asset_is_refused(asset: str) -> None:
    with pytest.raises(BadPriceList, match="no number of an asset"):
        parsed(document(testnet={asset: "1"}))


@pytest.mark.parametrize(
    "time",
    [
        "null",
        "0",
        "-1",
        "true",
        '"1795000000000"',
        "1795000000000.0",
        "1e12",
        "9007199254740992",
        "1" + "0" * 5000,
    ],
)
def test_what_is_no_time_is_refused(time: str) -> None:
    with pytest.raises(BadPriceList):
        parsed(f'{{"time": {time}, "mainnet": {{"0": "1"}}}}'.encode())


@pytest.mark.parametrize(
    "text",
    [
        '{"time": 1, "mainnet": {"0": "1", "0": "2"}}',
        '{"time": 1, "mainnet": {"0": "1"}, "mainnet": {}}',
        '{"time": 1, "time": 2}',
        '{"time": 1, "mainnet": {"0": "1", "\\u0030": "2"}}',
        '{"time": 1, "devnet": {"0": "1"}}',
        '{"time": 1, "mainnet": []}',
        '{"time": 1, "mainnet": {"0": 1.5}}',
        '{"time": 1, "mainnet": {"0": NaN}}',
        '{"time": 1, "mainnet": {"0": "1"}',
        '{"time": 1} {"time": 1}',
        "[1]",
        '"text"',
        "null",
        "",
        "\ufeff{}",
        "[" * 100_000,
        '{"time":' * 50_000,
    ],
)
def test_s32_what_is_ambiguous_or_no_list_is_refused(text: str) -> None:
    with pytest.raises(BadPriceList):
        parsed(text.encode())


def test_other_encodings_and_what_is_too_long_are_refused() -> None:
    with pytest.raises(BadPriceList, match="UTF-8"):
        parsed('{"time": 1}'.encode("utf-16"))
    with pytest.raises(BadPriceList, match="1 MiB"):
        parsed(document() + b" " * LARGEST_LIST)


@given(st.binary(max_size=200))
def test_anything_else_raises_nothing_else(data: bytes) -> None:
    with pytest.raises(BadPriceList):
        parsed(data)
