from __future__ import annotations

import json
import string
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.chains.order import DEFAULT_WINDOW_MS, OrderChain
from signward_server.core.errors import FieldInvalid, PayloadUnsupported
from signward_server.core.payloads import (
    Hash,
    OrderIntent,
    OrderSignature,
    RawMessage,
    RawSignature,
)
from signward_server.core.public_key import PublicKey
from signward_server.core.signing import ResultMismatch, Signature

from tests.unit.server.chains.keys import ED25519, SECP256K1

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())["vectors"]
CHAIN = OrderChain()
NOW = 1_700_000_000_000
ORDER = OrderIntent("order", "BTC", True, "0.5", "65000", NOW)
PUBLIC_KEY = PublicKey.ed25519(bytes(32))
VALUE = bytes(range(1, 65))
NAMES = st.text(string.ascii_letters + string.digits + ":/_-", min_size=1, max_size=32)
NUMBERS = st.builds(
    lambda number, places: f"{Decimal(number).scaleb(-places):f}",
    st.integers(0, 10**5),
    st.integers(0, 8),
)

ORDERS = st.builds(
    OrderIntent, NAMES, NAMES, st.booleans(), NUMBERS, NUMBERS, st.integers(0, 2**53 - 1)
)


def violations(order, *, now_ms=NOW, error=FieldInvalid, chain=CHAIN):
    with pytest.raises(error) as caught:
        chain.decode(order, ED25519, now_ms)
    return [violation.field for violation in caught.value.violations]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
@pytest.mark.parametrize(("key", "hash_"), [(ED25519, Hash.NONE), (SECP256K1, Hash.SHA256)])
def test_golden_vectors(vector, key, hash_):
    order = OrderIntent(**vector["order"])
    decoded = CHAIN.decode(order, key, order.timestamp)
    assert decoded.messages == (vector["signed_bytes"].encode(),)
    assert decoded.hash is hash_
    assert decoded.intent.action == "SignOrder"
    assert decoded.intent.fields == {
        "action": order.action,
        "coin": order.coin,
        "is_buy": order.is_buy,
        "timestamp": order.timestamp,
        **{name: vector[name] for name in ("sz", "limit_px", "notional")},
    }


@given(ORDERS)
def test_s27_the_signed_bytes_say_what_was_asked(order):
    (message,) = CHAIN.decode(order, ED25519, 0).messages
    pairs = json.loads(message, object_pairs_hook=list, parse_float=Decimal, parse_int=Decimal)
    assert pairs == [
        ("action", order.action),
        ("coin", order.coin),
        ("isBuy", order.is_buy),
        ("sz", Decimal(order.sz)),
        ("limitPx", Decimal(order.limit_px)),
        ("timestamp", order.timestamp),
    ]
    assert b" " not in message


@pytest.mark.parametrize(
    "name",
    ["", "a" * 33, "a b", 'a"', "a\\", "a\n", "\na", "a\0", "BTC.", "é", "\uff21", "\ud800", "{}"],
)
def test_s27_names(name):
    assert violations(replace(ORDER, action=name)) == ["order.action"]
    assert violations(replace(ORDER, coin=name)) == ["order.coin"]


@pytest.mark.parametrize("number", ["NaN", "-1", "1e5", "1" * 30, "1e999999999", "\uff11", ""])
def test_s27_numbers(number):
    assert violations(replace(ORDER, sz=number)) == ["order.sz"]
    assert violations(replace(ORDER, limit_px=number)) == ["order.limit_px"]


def test_all_fields_at_fault_are_named_at_once():
    order = OrderIntent("", "?", True, "-1", "NaN", 5)
    fields = ["action", "coin", "sz", "limit_px", "timestamp"]
    assert violations(order) == [f"order.{field}" for field in fields]


def test_an_error_repeats_nothing_that_was_sent():
    with pytest.raises(FieldInvalid) as caught:
        CHAIN.decode(replace(ORDER, sz="sekret", coin="?sekret"), ED25519, NOW)
    texts = [violation.description for violation in caught.value.violations]
    assert "sekret" not in " ".join([str(caught.value), *texts])


@pytest.mark.parametrize("window_ms", [DEFAULT_WINDOW_MS, 1, 250])
def test_s27_the_window_of_the_timestamp(window_ms):
    chain = OrderChain(window_ms=window_ms)
    for timestamp in (NOW - window_ms, NOW, NOW + window_ms):
        assert chain.decode(replace(ORDER, timestamp=timestamp), ED25519, NOW).messages
    for timestamp in (NOW - window_ms - 1, NOW + window_ms + 1, 0, -NOW, 2**63 - 1, -(2**63)):
        order = replace(ORDER, timestamp=timestamp)
        assert violations(order, chain=chain) == ["order.timestamp"]


def test_s27_the_default_window_is_a_minute():
    assert DEFAULT_WINDOW_MS == 60_000


def test_s27_verification_compares_no_clock_but_keeps_the_other_rules():
    for timestamp in (0, 1, 2**53 - 1):
        assert CHAIN.decode(replace(ORDER, timestamp=timestamp), ED25519, 0).messages
    for timestamp in (-1, 2**53):
        assert violations(replace(ORDER, timestamp=timestamp), now_ms=0) == ["order.timestamp"]
    assert violations(replace(ORDER, sz="-1"), now_ms=0) == ["order.sz"]


@pytest.mark.parametrize("window_ms", [0, -1])
def test_a_window_is_above_zero(window_ms):
    with pytest.raises(ValueError, match="above 0"):
        OrderChain(window_ms=window_ms)


def test_s06_what_is_not_whole_units_in_range_is_unsupported():
    beyond = "0.000000001"
    cases = [
        (replace(ORDER, sz=beyond), ["order.sz"]),
        (replace(ORDER, limit_px="92233720369"), ["order.limit_px"]),
        (replace(ORDER, sz=beyond, limit_px=beyond), ["order.sz", "order.limit_px"]),
    ]
    for order, fields in cases:
        assert violations(order, error=PayloadUnsupported) == fields


def test_s05_a_product_beyond_the_range_is_unsupported():
    edge = replace(ORDER, sz="92233720368", limit_px="1")
    assert CHAIN.decode(edge, ED25519, NOW).intent.fields["notional"] == 92233720368 * 10**8
    over = replace(edge, limit_px="1.00000001")
    assert violations(over, error=PayloadUnsupported) == ["order.limit_px"]


def test_a_mebibyte_in_every_text_is_refused_at_once():
    order = OrderIntent("a" * 2**20, "b" * 2**20, True, "1" * 2**20, "0." * 2**19, NOW)
    start = thread_time()
    for _ in range(100):
        assert len(violations(order)) == 4
    assert thread_time() - start < 0.2


def test_another_payload_is_a_programming_error():
    with pytest.raises(TypeError):
        CHAIN.decode(RawMessage(b"m", Hash.NONE), ED25519, NOW)


def test_answer():
    decoded = CHAIN.decode(ORDER, SECP256K1, NOW)
    result = CHAIN.encode(decoded, PUBLIC_KEY, [Signature(VALUE, 1)])
    assert result == OrderSignature(VALUE, decoded.messages[0])
    assert CHAIN.signatures(decoded, result) == (VALUE,)
    assert CHAIN.signatures(decoded, OrderSignature(VALUE, b"")) == (VALUE,)


@pytest.mark.parametrize("count", [0, 2])
def test_an_answer_takes_exactly_one_signature(count):
    decoded = CHAIN.decode(ORDER, ED25519, NOW)
    with pytest.raises(ValueError, match="unpack"):
        CHAIN.encode(decoded, PUBLIC_KEY, [Signature(VALUE)] * count)


def test_contradictions_in_an_answer():
    decoded = CHAIN.decode(ORDER, ED25519, 0)
    message = decoded.messages[0]
    for result in (
        OrderSignature(VALUE[:-1], message),
        OrderSignature(VALUE + b"\0", message),
        OrderSignature(VALUE, message + b" "),
        OrderSignature(VALUE, message.replace(b"0.5", b"0.50")),
        RawSignature(VALUE, 0, b""),
    ):
        with pytest.raises(ResultMismatch) as caught:
            CHAIN.signatures(decoded, result)
        assert caught.value.reason
