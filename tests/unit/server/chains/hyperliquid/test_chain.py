from __future__ import annotations

import dataclasses
import json

import pytest
from signward_server.chains.hyperliquid.kinds import KINDS
from signward_server.core.errors import (
    FieldInvalid,
    NetworkMismatch,
    PayloadUnsupported,
    SignatureSelfCheckFailed,
    SignwardError,
)
from signward_server.core.keys import KeyAttributes, Purpose
from signward_server.core.payloads import (
    Hash,
    HyperliquidPayload,
    HyperliquidSignature,
    RawMessage,
    RawSignature,
)
from signward_server.core.signing import ResultMismatch, Signature

from tests.unit.server.chains.hyperliquid.keys import (
    CHAIN,
    MAINNET,
    NOW,
    PUBLIC,
    TESTNET,
    numbered,
    signed,
)
from tests.unit.server.chains.hyperliquid.samples import ADDRESS, LOWER, NONCE, SAMPLES

USER_SIGNED = {kind.name for kind in KINDS.values() if kind.typed is not None}
OTHER = "0x" + "cd" * 20
PINNED = dataclasses.replace(MAINNET, vault_address=LOWER)
NOOP = HyperliquidPayload("noop", {})
ORDER = HyperliquidPayload("order", SAMPLES["order"].record)


def named(payload: HyperliquidPayload, key: KeyAttributes = MAINNET) -> list[str]:
    with pytest.raises((FieldInvalid, PayloadUnsupported)) as caught:
        CHAIN.decode(payload, key, NOW)
    return [violation.field for violation in caught.value.violations]


def content(payload: HyperliquidPayload, key: KeyAttributes = MAINNET, now: int = NOW) -> bytes:
    draft = CHAIN.decode(payload, key, now).draft
    assert draft is not None
    return draft.content


def unknown(text: str, **more: object) -> HyperliquidPayload:
    return HyperliquidPayload("json", {"json": text.encode()}, **more)  # type: ignore[arg-type]


def test_purposes() -> None:
    assert CHAIN.purposes == {Purpose.HYPERLIQUID}
    assert CHAIN.payload_type is HyperliquidPayload


def test_an_action_is_a_draft_until_it_has_its_nonce() -> None:
    decoded = CHAIN.decode(ORDER, MAINNET, NOW)
    assert decoded.messages == ()
    assert decoded.hash is Hash.KECCAK256
    assert decoded.nonce == 0
    assert decoded.draft is not None
    assert decoded.draft.nonce == 0
    own = CHAIN.decode(dataclasses.replace(ORDER, nonce=NOW), MAINNET, NOW).draft
    assert own is not None
    assert own.nonce == NOW
    assert numbered(ORDER, 1).messages != numbered(ORDER, 2).messages


@pytest.mark.parametrize("nonce", [0, 1, 2**64 - 1])
def test_nonces_have_eight_bytes(nonce: int) -> None:
    assert signed(NOOP, nonce).nonce == nonce


def test_s31_content_is_everything_but_the_nonce_that_is_given() -> None:
    base = content(ORDER)
    assert content(ORDER, now=NOW + 5) == base
    others = [
        (dataclasses.replace(ORDER, vault_address=ADDRESS), MAINNET),
        (dataclasses.replace(ORDER, expires_after=NOW + 1), MAINNET),
        (dataclasses.replace(ORDER, nonce=NOW), MAINNET),
        (dataclasses.replace(ORDER, action={**ORDER.action, "builder": None}), MAINNET),
        (ORDER, TESTNET),
        (ORDER, dataclasses.replace(MAINNET, vault_address=OTHER)),
        (HyperliquidPayload("modify", SAMPLES["modify"].record), MAINNET),
    ]
    found = [content(payload, key) for payload, key in others]
    assert len({base, *found}) == 1 + len(others)


def test_expiry() -> None:
    for expires_after, expires_in in ((NOW + 5, 5), (NOW, 0), (NOW - 5, 0), (1, 0)):
        payload = HyperliquidPayload("noop", {}, expires_after=expires_after)
        fields = CHAIN.decode(payload, MAINNET, NOW).intent.fields
        assert (fields["has_expiry"], fields["expires_in"]) == (True, expires_in)
    fields = CHAIN.decode(NOOP, MAINNET, NOW).intent.fields
    assert (fields["has_expiry"], fields["expires_in"]) == (False, 2**63 - 1)


def test_s31_whether_the_caller_chose_the_nonce_is_judged() -> None:
    for nonce in (0, NOW):
        payload = HyperliquidPayload("noop", {}, nonce=nonce)
        assert CHAIN.decode(payload, MAINNET, NOW).intent.fields["own_nonce"] is bool(nonce)


def test_s06_a_time_beyond_what_policies_compare() -> None:
    for time, refused in ((2**63 - 1, False), (2**63, True), (2**64 - 1, True)):
        payload = HyperliquidPayload("noop", {}, expires_after=time)
        if refused:
            assert named(payload) == ["hyperliquid.expires_after"]
        else:
            assert CHAIN.decode(payload, MAINNET, NOW).intent.fields["has_expiry"]


def test_s31_a_pinned_vault_is_acted_for_unless_the_request_says_otherwise() -> None:
    for payload in (NOOP, dataclasses.replace(NOOP, vault_address=ADDRESS)):
        decoded = CHAIN.decode(payload, PINNED, NOW)
        assert decoded.intent.fields["vault"] == decoded.account == LOWER
        assert json.loads(signed(payload, 1, PINNED).post_body)["vaultAddress"] == LOWER
    other = dataclasses.replace(NOOP, vault_address=OTHER)
    assert named(other, PINNED) == ["hyperliquid.vault_address"]
    assert CHAIN.decode(other, MAINNET, NOW).account == OTHER
    assert CHAIN.decode(NOOP, MAINNET, NOW).account == ""


@pytest.mark.parametrize("vault", ["0x", "x", ADDRESS[:-1], ADDRESS + "0", ADDRESS[2:], " " * 42])
def test_a_vault_is_an_address(vault: str) -> None:
    assert named(HyperliquidPayload("noop", {}, vault)) == ["hyperliquid.vault_address"]


@pytest.mark.parametrize("network", ["", "Mainnet", "devnet"])
def test_s16_a_key_without_a_network_signs_nothing(network: str) -> None:
    with pytest.raises(NetworkMismatch):
        CHAIN.decode(NOOP, dataclasses.replace(MAINNET, network=network), NOW)


@pytest.mark.parametrize("kind", ["", "unknown", "Order", "order "])
def test_s07_a_kind_that_is_not_listed_is_refused(kind: str) -> None:
    assert named(HyperliquidPayload(kind, {})) == ["hyperliquid.action"]


def test_an_unknown_kind_is_judged_by_its_name() -> None:
    text = '{"type":"evmUserModify","usingBigBlocks":true}'
    decoded = CHAIN.decode(unknown(text, vault_address=ADDRESS), MAINNET, NOW)
    assert decoded.intent.action == "SignHyperliquidJson"
    assert decoded.intent.fields == {
        "network": "mainnet",
        "vault": LOWER,
        "wrapper": "",
        "own_nonce": False,
        "has_expiry": False,
        "expires_in": 2**63 - 1,
        "kind": "evmUserModify",
    }
    assert json.loads(signed(unknown(text), 1).post_body)["action"] == json.loads(text)
    (action,) = (action for action in CHAIN.actions if action.name == "SignHyperliquidJson")
    assert action.restricted
    assert not action.groups


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"Type":"order"}',
        '{"type":5}',
        '{"type":null}',
        '{"type":["order"]}',
        '{"type":{"order":1}}',
        '{"type":""}',
        '{"type":"a b"}',
        '{"type":"ordér"}',
        '{"type":"order","type":"order"}',
        "[]",
        "",
        "\ufeff{}",
    ],
)
def test_s31_json_that_says_no_kind_is_refused(text: str) -> None:
    (field,) = named(unknown(text))
    assert field in ("hyperliquid.json", "hyperliquid.json.action.type")


@pytest.mark.parametrize("field", ["signatureChainId", "hyperliquidChain"])
@pytest.mark.parametrize("value", ['"0x66eee"', '""', "null", "421614"])
def test_s31_an_unknown_kind_of_typed_data_is_not_an_l1_action(field: str, value: str) -> None:
    text = f'{{"type":"cDeposit","{field}":{value},"wei":100000000,"nonce":1}}'
    assert named(unknown(text)) == [f"hyperliquid.json.action.{field}"]


def test_json_is_bytes() -> None:
    for value in (None, "{}", {}):
        assert named(HyperliquidPayload("json", {"json": value})) == ["hyperliquid.json"]


def test_a_nonce_within_json_is_the_one_that_is_said() -> None:
    text = json.dumps(SAMPLES["agent_send_asset"].wire)
    nonce = SAMPLES["agent_send_asset"].wire["nonce"]
    for wrong in (0, 1):
        assert named(unknown(text, nonce=wrong)) == ["hyperliquid.nonce"]
    withdrawal = unknown(json.dumps(SAMPLES["withdraw"].wire))
    with pytest.raises(FieldInvalid) as caught:
        CHAIN.decode(withdrawal, MAINNET, NOW)
    description = caught.value.violations[0].description
    assert "without time, signatureChainId and hyperliquidChain" in description
    assert CHAIN.decode(unknown(text, nonce=nonce), MAINNET, NOW).nonce == 0


@pytest.mark.parametrize("kind", sorted(USER_SIGNED))
@pytest.mark.parametrize(
    ("field", "other"), [("hyperliquidChain", "Testnet"), ("signatureChainId", "0xa4b1")]
)
def test_s31_json_for_another_network_is_refused(kind: str, field: str, other: str) -> None:
    wire = SAMPLES[kind].wire
    payload = unknown(json.dumps({**wire, field: other}), nonce=NONCE)
    with pytest.raises(NetworkMismatch):
        CHAIN.decode(payload, MAINNET, NOW)
    with pytest.raises(NetworkMismatch):
        CHAIN.decode(unknown(json.dumps(wire), nonce=NONCE), TESTNET, NOW)


def test_s31_what_is_user_signed_is_for_no_vault_and_never_expires() -> None:
    record = SAMPLES["usd_send"].record
    payload = HyperliquidPayload("usd_send", record, ADDRESS, NOW + 1)
    assert named(payload) == ["hyperliquid.vault_address", "hyperliquid.expires_after"]
    assert json.loads(signed(HyperliquidPayload("usd_send", record), 1).post_body)["nonce"] == 1


@pytest.mark.parametrize("kind", sorted(USER_SIGNED))
def test_s31_a_pinned_key_signs_nothing_that_is_for_no_vault(kind: str) -> None:
    for payload, field in (
        (HyperliquidPayload(kind, SAMPLES[kind].record), f"hyperliquid.{kind}"),
        (unknown(json.dumps(SAMPLES[kind].wire), nonce=NONCE), "hyperliquid.json"),
    ):
        with pytest.raises(FieldInvalid) as caught:
            CHAIN.decode(payload, PINNED, NOW)
        (violation,) = caught.value.violations
        assert violation.field == field
        assert "pinned to a vault" in violation.description
        assert CHAIN.decode(payload, MAINNET, NOW).intent.fields["vault"] == ""


def test_the_answer() -> None:
    answer = signed(dataclasses.replace(ORDER, vault_address=ADDRESS, expires_after=5), 7)
    assert answer.r[:2] == answer.s[:2] == "0x"
    assert (len(answer.r), len(answer.s)) == (66, 66)
    assert answer.v in (27, 28)
    body = json.loads(answer.post_body)
    assert list(body) == ["action", "nonce", "signature", "vaultAddress", "expiresAfter"]
    assert body["nonce"] == 7
    assert body["vaultAddress"] == LOWER
    assert body["expiresAfter"] == 5


def test_zeros_in_front_are_written() -> None:
    decoded = numbered(NOOP, 1)
    value = bytes(31) + b"\1" + bytes(31) + b"\2"
    answer = CHAIN.encode(decoded, PUBLIC, [Signature(value, 0)])
    assert answer.r == "0x" + "0" * 63 + "1"
    assert CHAIN.signatures(decoded, dataclasses.replace(answer, r="0x1", s="0x2")) == (
        value + b"\0",
    )


@pytest.mark.parametrize("recovery_id", [2, 3])
def test_what_no_v_stands_for_is_not_answered(recovery_id: int) -> None:
    with pytest.raises(SignatureSelfCheckFailed):
        CHAIN.encode(numbered(NOOP, 1), PUBLIC, [Signature(bytes(64), recovery_id)])


def test_an_answer_gives_its_signature_back() -> None:
    payload = dataclasses.replace(ORDER, expires_after=5)
    answer, decoded = signed(payload, 7), numbered(payload, 7)
    (value,) = CHAIN.signatures(decoded, answer)
    assert value[:32] == int(answer.r, 16).to_bytes(32)
    assert value[32:64] == int(answer.s, 16).to_bytes(32)
    assert value[64] == answer.v - 27
    bare = HyperliquidSignature(answer.r, answer.s, answer.v, 0, 0, b"", b"")
    assert CHAIN.signatures(decoded, bare) == (value,)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("r", ""),
        ("r", "1"),
        ("r", "0x"),
        ("r", "0x" + "1" * 65),
        ("s", "0xg"),
        ("s", "0x-1"),
        ("v", 0),
        ("v", 1),
        ("v", 26),
        ("v", 29),
        ("nonce", 8),
        ("expires_after", 6),
        ("action_hash", bytes(32)),
        ("post_body", b"{}"),
    ],
)
def test_an_answer_that_is_not_that_of_the_payload(name: str, wrong: object) -> None:
    payload = dataclasses.replace(ORDER, expires_after=5)
    answer = dataclasses.replace(signed(payload, 7), **{name: wrong})  # type: ignore[arg-type]
    with pytest.raises(ResultMismatch):
        CHAIN.signatures(numbered(payload, 7), answer)


def test_a_body_is_that_of_its_signature() -> None:
    answer = signed(ORDER, 7)
    other = dataclasses.replace(answer, v=55 - answer.v)
    with pytest.raises(ResultMismatch, match="body"):
        CHAIN.signatures(numbered(ORDER, 7), other)


def test_what_is_none_of_this_chain() -> None:
    with pytest.raises(TypeError):
        CHAIN.decode(RawMessage(b"x", Hash.NONE), MAINNET, NOW)
    with pytest.raises(ResultMismatch, match="another kind"):
        CHAIN.signatures(numbered(NOOP, 1), RawSignature(bytes(64), 0, b""))
    with pytest.raises(TypeError):
        CHAIN.encode(CHAIN.decode(NOOP, MAINNET, NOW), PUBLIC, [Signature(bytes(64), 0)])


def test_s05_refusals_name_rules_and_never_what_was_sent() -> None:
    secret = "0xdeadbeef"  # noqa: S105  # what somebody put into a wrong field
    record = {"cancels": [{"asset": 1, "cloid": secret}]}
    with pytest.raises(SignwardError) as caught:
        CHAIN.decode(HyperliquidPayload("cancel_by_cloid", record), MAINNET, NOW)
    assert secret not in str(caught.value)
    assert all(secret not in violation.description for violation in caught.value.violations)
