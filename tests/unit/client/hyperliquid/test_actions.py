"""Actions become payloads that say exactly the same, or go as they are written."""

from __future__ import annotations

import json

import pytest
from google.protobuf.json_format import MessageToDict
from signward import hyperliquid_request
from signward.hyperliquid import hyperliquid_payload
from signward.v1 import hyperliquid_pb2 as pb

A, B = "0x" + "0a" * 20, "0x" + "0b" * 20
CLOID = "0x" + "0c" * 16
TOKEN = "PURR:0x" + "0d" * 16
LIMIT = {"a": 1, "b": True, "p": "3200.1", "s": "0.5", "r": False, "t": {"limit": {"tif": "Gtc"}}}
TRIGGER = {
    "a": 1,
    "b": False,
    "p": "3000",
    "s": "0",
    "r": True,
    "t": {"trigger": {"isMarket": True, "triggerPx": "3010", "tpsl": "sl"}},
    "c": CLOID,
}
LIMIT_SAID = {
    "asset": 1,
    "isBuy": True,
    "limitPx": "3200.1",
    "sz": "0.5",
    "limit": {"tif": "HYPERLIQUID_TIF_GTC"},
}
TRIGGER_SAID = {
    "asset": 1,
    "limitPx": "3000",
    "sz": "0",
    "reduceOnly": True,
    "trigger": {"isMarket": True, "triggerPx": "3010", "tpsl": "HYPERLIQUID_TPSL_SL"},
    "cloid": CLOID,
}
MOVED = {
    "destination": A,
    "sourceDex": "",
    "destinationDex": "spot",
    "token": TOKEN,
    "amount": "1",
    "fromSubAccount": "",
}
MOVED_SAID = {"destination": A, "destinationDex": "spot", "token": TOKEN, "amount": "1"}

SAME = [
    (
        {
            "type": "order",
            "orders": [LIMIT, TRIGGER],
            "grouping": "normalTpsl",
            "builder": {"b": A, "f": 10},
        },
        {
            "order": {
                "orders": [LIMIT_SAID, TRIGGER_SAID],
                "grouping": "HYPERLIQUID_GROUPING_NORMAL_TPSL",
                "builder": {"address": A, "fee": 10},
            }
        },
    ),
    (
        {"type": "order", "orders": [LIMIT], "grouping": {"p": 10_000}},
        {"order": {"orders": [LIMIT_SAID], "priorityRate": 10_000}},
    ),
    (
        {"type": "cancel", "cancels": [{"a": 1, "o": 7}]},
        {"cancel": {"cancels": [{"asset": 1, "oid": "7"}]}},
    ),
    (
        {"type": "cancelByCloid", "cancels": [{"asset": 1, "cloid": CLOID}]},
        {"cancelByCloid": {"cancels": [{"asset": 1, "cloid": CLOID}]}},
    ),
    (
        {"type": "modify", "oid": 7, "order": LIMIT},
        {"modify": {"oid": "7", "order": LIMIT_SAID}},
    ),
    (
        {"type": "batchModify", "modifies": [{"oid": CLOID, "order": LIMIT}]},
        {"batchModify": {"modifies": [{"cloid": CLOID, "order": LIMIT_SAID}]}},
    ),
    (
        {"type": "updateLeverage", "asset": 1, "isCross": True, "leverage": 3},
        {"updateLeverage": {"asset": 1, "isCross": True, "leverage": 3}},
    ),
    (
        {"type": "updateIsolatedMargin", "asset": 1, "isBuy": True, "ntli": -5},
        {"updateIsolatedMargin": {"asset": 1, "isBuy": True, "ntli": "-5"}},
    ),
    ({"type": "scheduleCancel"}, {"scheduleCancel": {}}),
    ({"type": "scheduleCancel", "time": 9}, {"scheduleCancel": {"time": "9"}}),
    (
        {"type": "twapOrder", "twap": {"a": 1, "b": True, "s": "2", "r": False, "m": 5, "t": True}},
        {"twapOrder": {"asset": 1, "isBuy": True, "sz": "2", "minutes": 5, "randomize": True}},
    ),
    ({"type": "twapCancel", "a": 1, "t": 4}, {"twapCancel": {"asset": 1, "twapId": "4"}}),
    ({"type": "noop"}, {"noop": {}}),
    (
        {"type": "vaultTransfer", "vaultAddress": A, "isDeposit": True, "usd": 5},
        {"vaultTransfer": {"vaultAddress": A, "isDeposit": True, "usd": "5"}},
    ),
    ({"type": "createSubAccount", "name": "one"}, {"createSubAccount": {"name": "one"}}),
    (
        {"type": "subAccountTransfer", "subAccountUser": A, "isDeposit": True, "usd": 5},
        {"subAccountTransfer": {"subAccountUser": A, "isDeposit": True, "usd": "5"}},
    ),
    (
        {
            "type": "subAccountSpotTransfer",
            "subAccountUser": A,
            "isDeposit": False,
            "token": TOKEN,
            "amount": "1.5",
        },
        {"subAccountSpotTransfer": {"subAccountUser": A, "token": TOKEN, "amount": "1.5"}},
    ),
    (
        {"type": "agentSendAsset", **MOVED, "nonce": 5},
        {"agentSendAsset": MOVED_SAID, "nonce": "5"},
    ),
    (
        {"type": "usdSend", "destination": A, "amount": "1", "time": 5},
        {"usdSend": {"destination": A, "amount": "1"}, "nonce": "5"},
    ),
    (
        {"type": "withdraw3", "destination": A, "amount": "1", "time": 0},
        {"withdraw": {"destination": A, "amount": "1"}},
    ),
    (
        {"type": "spotSend", "destination": A, "token": TOKEN, "amount": "1"},
        {"spotSend": {"destination": A, "token": TOKEN, "amount": "1"}},
    ),
    (
        {"type": "usdClassTransfer", "amount": f"1.5 subaccount:{A}", "toPerp": True, "nonce": 0},
        {"usdClassTransfer": {"amount": "1.5", "toPerp": True, "subAccount": A}},
    ),
    ({"type": "sendAsset", **MOVED, "nonce": 5}, {"sendAsset": MOVED_SAID, "nonce": "5"}),
    (
        {"type": "approveAgent", "agentAddress": A, "agentName": "bot", "nonce": 0},
        {"approveAgent": {"agentAddress": A, "agentName": "bot"}},
    ),
    ({"type": "approveAgent", "agentAddress": A}, {"approveAgent": {"agentAddress": A}}),
    (
        {"type": "approveBuilderFee", "maxFeeRate": "0.001%", "builder": A, "nonce": 0},
        {"approveBuilderFee": {"maxFeeRate": "0.001%", "builder": A}},
    ),
    (
        {"type": "tokenDelegate", "validator": A, "wei": 5, "isUndelegate": True, "nonce": 0},
        {"tokenDelegate": {"validator": A, "wei": "5", "isUndelegate": True}},
    ),
    (
        {
            "type": "convertToMultiSigUser",
            "signers": json.dumps({"authorizedUsers": [A, B], "threshold": 2}),
            "nonce": 0,
        },
        {"convertToMultiSigUser": {"authorizedUsers": [A, B], "threshold": 2}},
    ),
    ({"type": "convertToMultiSigUser", "signers": "null"}, {"convertToMultiSigUser": {}}),
    (
        {"type": "userDexAbstraction", "user": A, "enabled": True, "nonce": 0},
        {"userDexAbstraction": {"user": A, "enabled": True}},
    ),
    (
        {"type": "userSetAbstraction", "user": A, "abstraction": "disabled", "nonce": 0},
        {"userSetAbstraction": {"user": A, "abstraction": "disabled"}},
    ),
]


@pytest.mark.parametrize(("action", "said"), SAME, ids=lambda value: value.get("type", ""))
def test_an_object_becomes_the_message_that_says_the_same(action, said):
    assert MessageToDict(hyperliquid_payload(action)) == said


def test_every_kind_of_the_api_is_reached_from_an_object():
    reached = {next(iter(set(said) - {"nonce"})) for _, said in SAME} | {"multiSig"}
    oneof = pb.HyperliquidPayload.DESCRIPTOR.oneofs_by_name["action"]
    written = {field.json_name for field in oneof.fields} - {"json", "multiSigShare"}
    assert reached == written


def test_an_action_within_a_wrapper_stays_as_it_is_written():
    inner = {"type": "usdSend", "time": 5, "amount": "100.0", "destination": A}
    wrapper = {
        "type": "multiSig",
        "signatureChainId": "0x66eee",
        "signatures": [{"r": "0x1", "s": "0x2", "v": 27}],
        "payload": {"multiSigUser": A, "outerSigner": B, "action": inner},
    }
    message = hyperliquid_payload(wrapper, nonce=5).multi_sig
    assert message.multi_sig_user == A
    assert [(each.r, each.s, each.v) for each in message.signatures] == [("0x1", "0x2", 27)]
    assert message.action.json == json.dumps(inner, separators=(",", ":")).encode()
    assert hyperliquid_payload(wrapper | {"signatureChainId": "0x1"}).WhichOneof("action") == "json"


def test_a_letter_within_a_wrapper_is_the_word_that_was_signed():
    def inner(kind, abstraction):
        return {"type": kind, "user": A, "abstraction": abstraction, "nonce": 5}

    def wrapped(action):
        wrapper = {"type": "multiSig", "signatureChainId": "0x66eee", "signatures": []}
        payload = {"multiSigUser": A, "outerSigner": B, "action": action}
        return json.loads(hyperliquid_payload(wrapper | {"payload": payload}).multi_sig.action.json)

    for letter, word in (("i", "disabled"), ("u", "unifiedAccount"), ("p", "portfolioMargin")):
        assert wrapped(inner("userSetAbstraction", letter)) == inner("userSetAbstraction", word)
        assert wrapped(inner("agentSetAbstraction", letter)) == inner("agentSetAbstraction", letter)


ORDER = SAME[0][0]


@pytest.mark.parametrize(
    "action",
    [
        {"type": "setReferrer", "code": "A"},
        {"no": "type"},
        {"type": 5},
        {"type": "noop", "more": 1},
        ORDER | {"more": 1},
        ORDER | {"grouping": {"p": "5"}},
        ORDER | {"grouping": {"p": 5.0}},
        ORDER | {"grouping": {"p": True}},
        ORDER | {"grouping": {"p": 0}},
        ORDER | {"grouping": {"p": -1}},
        ORDER | {"grouping": {"p": 2**32}},
        ORDER | {"grouping": {"p": 5, "q": 2}},
        ORDER | {"grouping": {}},
        ORDER | {"grouping": None},
        ORDER | {"grouping": "other"},
        ORDER | {"orders": [LIMIT | {"x": 1}]},
        ORDER | {"orders": [LIMIT | {"a": True}]},
        ORDER | {"orders": [LIMIT | {"a": -1}]},
        ORDER | {"orders": [LIMIT | {"b": 1}]},
        ORDER | {"orders": [LIMIT | {"p": 3200}]},
        ORDER | {"orders": [LIMIT | {"c": None}]},
        ORDER | {"orders": [LIMIT | {"t": {"limit": {"tif": "Fok"}}}]},
        ORDER | {"orders": [LIMIT | {"t": {"limit": {"tif": "Gtc"}, "trigger": {}}}]},
        ORDER | {"orders": [LIMIT | {"t": {}}]},
        ORDER | {"orders": "all"},
        ORDER | {"orders": [5]},
        ORDER | {"builder": {"b": A, "f": 1, "x": 1}},
        {"type": "modify", "order": LIMIT},
        {"type": "cancel", "cancels": [{"a": 1, "o": 7, "x": 1}]},
        {"type": "cancel", "cancels": [{"a": 1, "o": 2**64}]},
        {"type": "usdSend", "destination": A, "amount": "1", "time": "5"},
        {
            "type": "usdSend",
            "signatureChainId": "0x66eee",
            "hyperliquidChain": "Mainnet",
            "destination": A,
            "amount": "1",
            "time": 5,
        },
        {"type": "convertToMultiSigUser", "signers": "not JSON"},
        {"type": "convertToMultiSigUser", "signers": '{"authorizedUsers": [5], "threshold": 1}'},
        {"type": "convertToMultiSigUser", "signers": '{"a": 1, "a": 2}'},
    ],
    ids=lambda action: json.dumps(action)[:60],
)
def test_what_no_message_says_exactly_goes_as_it_is_written(action):
    payload = hyperliquid_payload(action)
    assert payload.json == json.dumps(action, separators=(",", ":")).encode()


def test_the_nonce_within_an_action_is_the_nonce():
    send = {"type": "usdSend", "destination": A, "amount": "1", "time": 5}
    assert hyperliquid_payload(send, nonce=5).nonce == 5
    assert hyperliquid_payload(send | {"x": 1}).nonce == 5
    with pytest.raises(ValueError, match="another nonce"):
        hyperliquid_payload(send, nonce=6)


def test_messages_and_text_are_taken_as_they_are():
    cancels = pb.HyperliquidCancels(cancels=[pb.HyperliquidCancel(asset=1, oid=2)])
    assert hyperliquid_payload(cancels, nonce=3).cancel == cancels
    assert hyperliquid_payload(pb.HyperliquidNoop()).WhichOneof("action") == "noop"
    assert hyperliquid_payload(b'{ "type": "noop" }').json == b'{ "type": "noop" }'


@pytest.mark.parametrize("action", [None, "text", 5, [], pb.HyperliquidOrder()])
def test_anything_else_is_refused(action):
    with pytest.raises(TypeError):
        hyperliquid_payload(action)


@pytest.mark.parametrize("value", [float("nan"), "\ud800"])
def test_what_is_no_json_is_refused(value):
    with pytest.raises(ValueError, match=r"JSON|surrogates"):
        hyperliquid_payload({"type": "x", "value": value})


def test_a_request_has_all_that_it_is_given():
    request = hyperliquid_request(
        "k",
        {"type": "noop"},
        vault_address=A,
        expires_after=7,
        nonce=5,
        version=2,
        expected_fingerprint=b"f",
        request_id="r",
    )
    assert (request.key, request.version, request.request_id) == ("k", 2, "r")
    assert request.expected_fingerprint == b"f"
    payload = request.hyperliquid
    assert (payload.vault_address, payload.expires_after, payload.nonce) == (A, 7, 5)


def test_the_benchmarks_order_is_one_in_both_forms():
    from tests.benchmarks.hyperliquid.order import order, order_message

    assert hyperliquid_payload(order()) == hyperliquid_payload(order_message())
