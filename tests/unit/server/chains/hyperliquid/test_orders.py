"""What policies see of orders."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.chains.hyperliquid import HyperliquidChain
from signward_server.chains.hyperliquid.packing import action_hash, packed
from signward_server.core.errors import FieldInvalid, PayloadUnsupported
from signward_server.core.payloads import HyperliquidPayload
from signward_server.core.signing import Decoded

from tests.fakes.spine.references import FakeReferences
from tests.unit.server.chains.hyperliquid.keys import CHAIN, MAINNET, NOW, TESTNET, signed
from tests.unit.server.chains.hyperliquid.samples import LIMIT, LIMIT_WIRE, LOWER, NONCE, TRIGGER

MOST = 2**63 - 1
ALL = 10**8
UNIT = 10**8
COMMON = {
    "network": "mainnet",
    "vault": "",
    "wrapper": "",
    "own_nonce": False,
    "has_expiry": False,
    "expires_in": MOST,
}


def limit(px: str, sz: str, **more: object) -> dict[str, object]:
    return {**LIMIT, "limit_px": px, "sz": sz, "cloid": "", **more}


def decode(
    orders: Sequence[Mapping[str, object]],
    chain: HyperliquidChain = CHAIN,
    *,
    key: Any = MAINNET,
    **more: object,
) -> Decoded:
    record = {"orders": list(orders), "grouping": "", "builder": None, **more}
    return chain.decode(HyperliquidPayload("order", record), key, NOW)


def referring(price: int, network: str = "mainnet") -> HyperliquidChain:
    return HyperliquidChain(references=FakeReferences({(network, 3): price}))


def test_a_limit_order() -> None:
    (intent,) = decode([LIMIT]).intents
    assert intent.action == "SignHyperliquidOrder"
    assert intent.fields == {
        **COMMON,
        "asset": 3,
        "is_buy": True,
        "px": 6_500_050_000_000,
        "sz": 25_000_000,
        "notional": 1_625_012_500_000,
        "value": 1_625_012_500_000,
        "reference_px": 0,
        "has_reference": False,
        "deviation_bps": MOST,
        "tif": "ioc",
        "reduce_only": False,
        "trigger": "",
        "trigger_px": 0,
        "trigger_is_market": False,
        "cloid": "0x" + "0c" * 16,
        "builder": "",
        "builder_fee": 0,
        "grouping": "na",
        "priority_rate": 0,
        "orders": 1,
        "total_notional": 1_625_012_500_000,
        "total_value": 1_625_012_500_000,
    }


def test_a_trigger_order_of_several() -> None:
    builder = {"address": LOWER.upper().replace("X", "x"), "fee": 7}
    decoded = decode([LIMIT, TRIGGER], grouping="position_tpsl", builder=builder)
    first, second = (intent.fields for intent in decoded.intents)
    assert second["trigger"] == "sl"
    assert second["trigger_px"] == 104 * UNIT
    assert second["trigger_is_market"] is True
    assert second["tif"] == ""
    assert second["notional"] == 0
    for fields in (first, second):
        assert fields["grouping"] == "position_tpsl"
        assert (fields["builder"], fields["builder_fee"]) == (LOWER, 7)
        assert fields["orders"] == 2
        assert fields["total_notional"] == first["notional"]


@pytest.mark.parametrize("tif", ["alo", "ioc", "gtc"])
def test_times_in_force(tif: str) -> None:
    assert decode([limit("1", "1", limit={"tif": tif})]).intent.fields["tif"] == tif


@pytest.mark.parametrize(
    ("px", "reference", "value", "deviation"),
    [
        ("100", 0, 200, MOST),
        ("100", 100, 200, 0),
        ("101", 100, 202, 100),
        ("99", 100, 200, 100),  # a sell below the market is worth the market
        ("0", 100, 200, 10_000),
        ("100", 1, 200, 990_000),
    ],
)
def test_s32_value_is_by_the_higher_of_price_and_reference(
    px: str, reference: int, value: int, deviation: int
) -> None:
    found = decode([limit(px, "2")], referring(reference * UNIT)).intent.fields
    assert found["value"] == found["total_value"] == value * UNIT
    assert found["reference_px"] == reference * UNIT
    assert found["has_reference"] is (reference != 0)
    assert found["deviation_bps"] == deviation


def test_s32_references_are_of_the_keys_network() -> None:
    chain = referring(100 * UNIT, "testnet")
    assert decode([limit("1", "1")], chain).intent.fields["reference_px"] == 0
    assert decode([limit("1", "1")], chain, key=TESTNET).intent.fields["has_reference"] is True


@given(st.integers(1, MOST), st.integers(0, 2**52))
def test_s32_a_deviation_is_rounded_up(reference: int, px: int) -> None:
    text = f"{px // UNIT}.{px % UNIT:08}"
    found = decode([limit(text, "0")], referring(reference)).intent.fields["deviation_bps"]
    assert isinstance(found, int)
    exact = abs(px - reference) * 10_000
    if found == MOST:
        assert exact > (MOST - 1) * reference
    else:
        assert found * reference >= exact > (found - 1) * reference


@pytest.mark.parametrize(
    ("orders", "reference", "field"),
    [
        ([limit("92233720368", "2")], 0, "orders[0].limit_px"),
        ([limit("1", "92233720368")], 2 * UNIT, "orders[0].sz"),
        ([limit("92233720368", "1")] * 2, 0, "orders"),
        ([limit("1", "92233720368")] * 2, 0, "orders"),
    ],
)
def test_s06_products_and_sums(
    orders: Sequence[Mapping[str, object]], reference: int, field: str
) -> None:
    with pytest.raises(PayloadUnsupported) as caught:
        decode(orders, referring(reference))
    assert f"hyperliquid.order.{field}" in [v.field for v in caught.value.violations]


@given(st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**12)), min_size=1, max_size=8))
def test_totals(numbers: list[tuple[int, int]]) -> None:
    orders = [
        limit(*(f"{number // UNIT}.{number % UNIT:08}" for number in pair)) for pair in numbers
    ]
    found = [intent.fields for intent in decode(orders).intents]
    exact = [-(-px * sz // UNIT) for px, sz in numbers]
    assert [fields["notional"] for fields in found] == exact
    assert {fields["total_notional"] for fields in found} == {sum(exact)}


@pytest.mark.parametrize(
    "more",
    [
        {"type": None},
        {"type": "market"},
        {"type": "limit", "limit": None},
        {"limit": {"tif": ""}},
        {"limit": {"tif": None}},
        {"limit": {"tif": "fok"}},
        {"type": "trigger", "trigger": {"is_market": True, "trigger_px": "1", "tpsl": ""}},
        {"type": "trigger", "trigger": {"is_market": True, "trigger_px": "", "tpsl": "tp"}},
    ],
)
def test_how_it_is_executed_must_be_said(more: dict[str, object]) -> None:
    with pytest.raises(FieldInvalid):
        decode([limit("1", "1", **more)])


@pytest.mark.parametrize("count", [0, 257])
def test_how_many(count: int) -> None:
    with pytest.raises(FieldInvalid):
        decode([limit("1", "1")] * count)
    assert len(decode([limit("1", "1")] * 256).intents) == 256


@pytest.mark.parametrize(("rate", "grouping"), [(0, "na"), (1, {"p": 1}), (ALL, {"p": ALL})])
def test_what_is_paid_for_priority(rate: int, grouping: object) -> None:
    record = {"orders": [LIMIT] * 2, "grouping": "", "builder": None, "priority_rate": rate}
    answer = signed(HyperliquidPayload("order", record), NONCE)
    action = json.loads(answer.post_body)["action"]
    assert action == {"type": "order", "orders": [LIMIT_WIRE] * 2, "grouping": grouping}
    assert action_hash(packed(action), NONCE, "", 0) == answer.action_hash
    for payload in (
        HyperliquidPayload("order", record),
        HyperliquidPayload("json", {"json": json.dumps(action).encode()}),
    ):
        for intent in CHAIN.decode(payload, MAINNET, NOW).intents:
            assert (intent.fields["priority_rate"], intent.fields["grouping"]) == (rate, "na")


@pytest.mark.parametrize("rate", [ALL + 1, 2**32 - 1, -1, True, "1", 1.0])
def test_s06_a_priority_rate_is_at_most_all(rate: object) -> None:
    with pytest.raises(FieldInvalid) as caught:
        decode([LIMIT], priority_rate=rate)
    assert [(v.field, v.description) for v in caught.value.violations] == [
        ("hyperliquid.order.priority_rate", f"Must be a whole number from 0 to {ALL}.")
    ]


@pytest.mark.parametrize("grouping", ["normal_tpsl", "position_tpsl"])
def test_a_priority_rate_and_a_grouping_exclude_each_other(grouping: str) -> None:
    with pytest.raises(FieldInvalid) as caught:
        decode([LIMIT], grouping=grouping, priority_rate=1)
    assert [v.field for v in caught.value.violations] == ["hyperliquid.order.grouping"]
    decode([LIMIT], grouping=grouping, priority_rate=0)


@pytest.mark.parametrize(
    ("grouping", "field"),
    [
        ('{"p":"1"}', ".priority_rate"),
        ('{"p":1.0}', ""),
        ('{"p":1e2}', ""),
        ('{"p":true}', ".priority_rate"),
        ('{"p":null}', ".priority_rate"),
        ('{"p":[1]}', ".priority_rate"),
        ('{"p":-1}', ".priority_rate"),
        ('{"p":0}', ".priority_rate"),
        (f'{{"p":{ALL + 1}}}', ".priority_rate"),
        ('{"p":18446744073709551615}', ".priority_rate"),
        ('{"p":1,"q":2}', ""),
        ('{"q":2,"p":1}', ""),
        ('{"p":1,"p":1}', ""),
        ('{"P":1}', ".priority_rate"),
        ("{}", ".priority_rate"),
        ('[{"p":1}]', ".grouping"),
        ("1", ".grouping"),
        ("null", ".grouping"),
        ("\"{'p': 1}\"", ".grouping"),
        ('"normal_tpsl"', ".grouping"),
        ('""', ".grouping"),
    ],
)
def test_s31_json_says_a_grouping_in_one_way(grouping: str, field: str) -> None:
    with pytest.raises(FieldInvalid) as caught:
        CHAIN.decode(_with_grouping(grouping), MAINNET, NOW)
    (violation,) = caught.value.violations
    assert violation.field == f"hyperliquid.json{field}"
    if field == ".priority_rate":
        assert violation.description == f"Must be a whole number from 1 to {ALL}."
    if field == ".grouping":
        assert violation.description == "Must be one of na, normalTpsl, positionTpsl."
    CHAIN.decode(_with_grouping('{"p":1}'), MAINNET, NOW)


def _with_grouping(grouping: str) -> HyperliquidPayload:
    wire = json.dumps({"type": "order", "orders": [LIMIT_WIRE], "grouping": 0})
    text = wire.replace('"grouping": 0', f'"grouping": {grouping}')
    return HyperliquidPayload("json", {"json": text.encode()})


def test_within_a_wrapper_json_says_it_in_the_same_way() -> None:
    def share(grouping: str) -> HyperliquidPayload:
        said = {"vault_address": "", "expires_after": 0, "nonce": 0}
        inner = {"action": "json", **_with_grouping(grouping).action, **said}
        record = {"multi_sig_user": LOWER, "outer_signer": LOWER, "action": inner}
        return HyperliquidPayload("multi_sig_share", record, nonce=NONCE)

    order = CHAIN.decode(share('{"p":9}'), MAINNET, NOW).intents[1]
    assert order.fields["priority_rate"] == 9
    for grouping, words in (('"x"', "na, normalTpsl, positionTpsl"), ('{"p":0}', f"1 to {ALL}")):
        with pytest.raises(FieldInvalid) as caught:
            CHAIN.decode(share(grouping), MAINNET, NOW)
        (violation,) = caught.value.violations
        assert violation.description.endswith(f" {words}.")


def test_what_replaces_orders_pays_nothing_for_priority() -> None:
    modify = {"target": "oid", "oid": 7, "order": LIMIT}
    decoded = CHAIN.decode(HyperliquidPayload("modify", modify), MAINNET, NOW)
    assert decoded.intent.fields["priority_rate"] == 0


@pytest.mark.parametrize(
    ("target", "oid", "cloid"),
    [
        ({"target": "oid", "oid": 7, "cloid": None}, 7, ""),
        ({"target": "cloid", "cloid": "0x" + "AB" * 16}, 0, "0x" + "ab" * 16),
    ],
)
def test_modifying(target: dict[str, object], oid: int, cloid: str) -> None:
    modify = {**target, "order": LIMIT}
    one = CHAIN.decode(HyperliquidPayload("modify", modify), MAINNET, NOW)
    two = CHAIN.decode(HyperliquidPayload("batch_modify", {"modifies": [modify] * 2}), MAINNET, NOW)
    for decoded, action, count in ((one, "Modify", 1), (two, "BatchModify", 2)):
        assert len(decoded.intents) == count
        for intent in decoded.intents:
            assert intent.action == f"SignHyperliquid{action}"
            assert (intent.fields["oid"], intent.fields["target_cloid"]) == (oid, cloid)
            assert intent.fields["orders"] == count
            assert intent.fields["total_notional"] == count * 1_625_012_500_000
