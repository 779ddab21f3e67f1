"""Actions of accounts with several signers: judged by themselves and by what they hold."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import pytest
from signward_server.core.errors import (
    FieldInvalid,
    NetworkMismatch,
    NonceOutOfWindow,
    PayloadUnsupported,
)
from signward_server.core.keys import KeyAttributes
from signward_server.core.payloads import HyperliquidPayload
from signward_server.core.signing import Decoded

from tests.unit.server.chains.hyperliquid.keys import CHAIN, MAINNET, NOW, PUBLIC, signed
from tests.unit.server.chains.hyperliquid.samples import ADDRESS, LOWER, NONCE, SAMPLES
from tests.unit.server.chains.hyperliquid.user_signed_samples import USER_SIGNED
from tests.unit.server.chains.hyperliquid.wrapped_samples import INNER, OUTER, WRAPPED

WITHIN = [kind for kind in SAMPLES if kind not in WRAPPED]


def wrapped(wrapper: str, inner: Mapping[str, object], **more: Any) -> HyperliquidPayload:
    record = {**WRAPPED[wrapper].record, "action": inner}
    return HyperliquidPayload(wrapper, record, **({"nonce": NONCE} | more))


def inner_of(kind: str) -> dict[str, object]:
    return {"action": kind, kind: SAMPLES[kind].record}


def json_of(action: object) -> dict[str, object]:
    return {"action": "json", "json": json.dumps(action).encode()}


def decode(payload: HyperliquidPayload, now_ms: int = NOW, key: KeyAttributes = MAINNET) -> Decoded:
    return CHAIN.decode(payload, key, now_ms)


def violations(payload: HyperliquidPayload) -> list[str]:
    with pytest.raises((FieldInvalid, PayloadUnsupported)) as caught:
        decode(payload)
    return [violation.field for violation in caught.value.violations]


@pytest.mark.parametrize("wrapper", WRAPPED)
@pytest.mark.parametrize("kind", WITHIN)
def test_s31_the_wrapper_and_all_that_is_within_are_judged(kind: str, wrapper: str) -> None:
    decoded = decode(wrapped(wrapper, inner_of(kind)))
    alone = decode(HyperliquidPayload(kind, SAMPLES[kind].record))
    assert decoded.intent.fields["multi_sig_user"] == LOWER
    assert decoded.intent.fields["kind"] == kind
    assert decoded.intent.fields["wrapper"] == ""
    assert [intent.action for intent in decoded.more] == [intent.action for intent in alone.intents]
    for within, intent in zip(decoded.more, alone.intents, strict=True):
        assert within.fields == {**intent.fields, "wrapper": wrapper, "own_nonce": True}
    assert decoded.account == LOWER


@pytest.mark.parametrize("wrapper", WRAPPED)
def test_s31_rights_are_granted_within_a_wrapper_as_well(wrapper: str) -> None:
    assert decode(wrapped(wrapper, inner_of("approve_agent"))).grants == LOWER
    assert decode(wrapped(wrapper, INNER)).grants == ""


@pytest.mark.parametrize("wrapper", WRAPPED)
@pytest.mark.parametrize("kind", WITHIN)
def test_json_within_is_the_kind_that_it_is(kind: str, wrapper: str) -> None:
    typed, read = (
        wrapped(wrapper, inner) for inner in (inner_of(kind), json_of(SAMPLES[kind].wire))
    )
    assert decode(read).intents == decode(typed).intents
    assert signed(read, NONCE) == signed(typed, NONCE)


@pytest.mark.parametrize("wrapper", WRAPPED)
@pytest.mark.parametrize(
    "inner",
    [
        {"action": None},
        {"action": "unknown", "unknown": {}},
        {"action": "cancel"},
        {"action": "json", "json": None},
        {"action": "json", "json": b"{"},
        json_of({"type": "evmUserModify", "usingBigBlocks": True}),
        json_of({"type": ""}),
        json_of(WRAPPED["multi_sig"].wire),
        json_of(SAMPLES["noop"].wire | {"more": 1}),
        json_of(SAMPLES["cancel"].wire | {"cancels": []}),
        *({"action": kind, kind: sample.record} for kind, sample in WRAPPED.items()),
        INNER | {"nonce": NONCE},
        INNER | {"vault_address": ADDRESS},
        INNER | {"expires_after": NOW},
    ],
)
def test_s31_what_does_not_belong_within(wrapper: str, inner: dict[str, object]) -> None:
    fields = violations(wrapped(wrapper, inner))
    assert all(field.startswith(f"hyperliquid.{wrapper}.action") for field in fields)
    assert fields


@pytest.mark.parametrize("wrapper", WRAPPED)
def test_faults_within_are_named(wrapper: str) -> None:
    inner = {"action": "usd_send", "usd_send": {"destination": "0x", "amount": "1e1"}}
    record = {**WRAPPED[wrapper].record, "multi_sig_user": "", "action": inner}
    path = f"hyperliquid.{wrapper}"
    assert violations(HyperliquidPayload(wrapper, record, nonce=NONCE)) == [
        f"{path}.multi_sig_user",
        f"{path}.action.usd_send.destination",
        f"{path}.action.usd_send.amount",
    ]
    found = violations(wrapped(wrapper, json_of(SAMPLES["usd_send"].wire | {"amount": "1e1"})))
    assert found == [f"{path}.action.json.amount"]


@pytest.mark.parametrize("wrapper", WRAPPED)
@pytest.mark.parametrize("kind", USER_SIGNED)
def test_neither_a_vault_nor_an_expiry_stands_beside_typed_data(kind: str, wrapper: str) -> None:
    for more in ({"vault_address": ADDRESS}, {"expires_after": NOW + 1}):
        assert violations(wrapped(wrapper, inner_of(kind), **more)) == [
            f"hyperliquid.{wrapper}.action"
        ]
    with pytest.raises(NetworkMismatch):
        decode(wrapped(wrapper, json_of(SAMPLES[kind].wire | {"hyperliquidChain": "Testnet"})))


@pytest.mark.parametrize("wrapper", WRAPPED)
def test_s31_a_key_that_is_pinned_to_a_vault_wraps_what_is_for_it(wrapper: str) -> None:
    pinned = dataclasses.replace(MAINNET, vault_address=LOWER)
    decoded = decode(wrapped(wrapper, INNER), key=pinned)
    assert [intent.fields["vault"] for intent in decoded.intents] == [LOWER, LOWER]


@pytest.mark.parametrize("wrapper", WRAPPED)
@pytest.mark.parametrize("kind", USER_SIGNED)
def test_s31_a_pinned_key_wraps_nothing_that_is_for_no_vault(kind: str, wrapper: str) -> None:
    pinned = dataclasses.replace(MAINNET, vault_address=LOWER)
    for inner in (inner_of(kind), json_of(SAMPLES[kind].wire)):
        with pytest.raises(FieldInvalid) as caught:
            decode(wrapped(wrapper, inner), key=pinned)
        (violation,) = caught.value.violations
        assert violation.field == f"hyperliquid.{wrapper}.action"
        assert "pinned to" in violation.description


@pytest.mark.parametrize("wrapper", WRAPPED)
def test_the_nonce_must_be_said(wrapper: str) -> None:
    assert violations(wrapped(wrapper, INNER, nonce=0)) == ["hyperliquid.nonce"]


def test_s31_a_share_takes_no_nonce_of_its_signer_and_none_far_ahead() -> None:
    payload = wrapped("multi_sig_share", INNER)
    decoded = decode(payload, NONCE)
    assert decoded.draft is None
    assert decoded.nonce == NONCE
    assert len(decoded.messages[0]) == 66
    assert decode(payload, NONCE - 5_000).messages == decode(payload, 0).messages
    with pytest.raises(NonceOutOfWindow) as caught:
        decode(payload, NONCE - 5_001)
    assert caught.value.metadata["latest"] == str(NONCE - 1)
    answer = signed(payload, NONCE)
    assert answer.post_body == b""
    assert answer.nonce == NONCE


def test_shares_differ_by_all_that_they_are_for() -> None:
    base = WRAPPED["multi_sig_share"].record
    others: list[HyperliquidPayload] = [
        HyperliquidPayload("multi_sig_share", record, vault, expires, nonce)
        for record, vault, expires, nonce in (
            (base, "", 0, NONCE),
            (base | {"multi_sig_user": OUTER}, "", 0, NONCE),
            (base | {"outer_signer": OUTER}, "", 0, NONCE),
            (base | {"action": inner_of("noop")}, "", 0, NONCE),
            (base, ADDRESS, 0, NONCE),
            (base, "", NOW + 1, NONCE),
            (base, "", 0, NONCE + 1),
        )
    ]
    assert len({decode(payload, 0).messages for payload in others}) == len(others)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("r", "0x0"),
        ("r", "0x"),
        ("r", "0x" + "f" * 64),
        ("s", "0x" + "0" * 65),
        ("s", "1"),
        ("s", "0xg"),
        ("s", 1),
        ("v", 0),
        ("v", 26),
        ("v", 29),
    ],
)
def test_signatures_that_are_none(name: str, value: object) -> None:
    signature = {"r": "0x1", "s": "0x1", "v": 27, name: value}
    record = {**WRAPPED["multi_sig"].record, "signatures": [signature]}
    found = violations(HyperliquidPayload("multi_sig", record, nonce=NONCE))
    assert found == [f"hyperliquid.multi_sig.signatures[0].{name}"]


@pytest.mark.parametrize("count", [0, 33])
def test_how_many_signatures(count: int) -> None:
    signatures = [{"r": "0x1", "s": "0x1", "v": 27}] * count
    record = {**WRAPPED["multi_sig"].record, "signatures": signatures}
    found = violations(HyperliquidPayload("multi_sig", record, nonce=NONCE))
    assert found == ["hyperliquid.multi_sig.signatures"]


def test_signatures_are_hashed_without_zeros_in_front() -> None:
    def answer(r: str) -> object:
        signature = {"r": r, "s": "0x00Cc", "v": 28}
        record = {**WRAPPED["multi_sig"].record, "signatures": [signature]}
        return signed(HyperliquidPayload("multi_sig", record, nonce=NONCE), NONCE)

    assert answer("0x0ab") == answer("0xAB") == answer("0x" + "0" * 62 + "ab")
    assert answer("0xab") != answer("0xac")


def test_the_outer_signer_is_who_signs() -> None:
    action = json.loads(signed(wrapped("multi_sig", INNER), NONCE).post_body)["action"]
    assert action["payload"]["outerSigner"] == OUTER
    other = {**action, "payload": action["payload"] | {"outerSigner": LOWER}}
    payload = HyperliquidPayload("json", {"json": json.dumps(other).encode()}, nonce=NONCE)
    draft = decode(payload).draft
    assert draft is not None
    with pytest.raises(FieldInvalid):
        draft.numbered(NONCE, PUBLIC)


def test_s31_an_outer_signer_that_is_not_said_is_not_filled_in() -> None:
    action = json.loads(signed(wrapped("multi_sig", INNER), NONCE).post_body)["action"]
    for nobody in ("", None, 0):
        other = {**action, "payload": action["payload"] | {"outerSigner": nobody}}
        with pytest.raises(FieldInvalid):
            decode(HyperliquidPayload("json", {"json": json.dumps(other).encode()}, nonce=NONCE))


def test_what_is_posted_within_abbreviates_what_is_signed() -> None:
    inner = inner_of("user_set_abstraction")
    action = json.loads(signed(wrapped("multi_sig", inner), NONCE).post_body)["action"]
    assert action["payload"]["action"]["abstraction"] == "p"
    payload = HyperliquidPayload("json", {"json": json.dumps(action).encode()}, nonce=NONCE)
    assert signed(payload, NONCE) == signed(wrapped("multi_sig", inner), NONCE)


def test_an_unnamed_agent_within_has_an_empty_name() -> None:
    inner = {
        "action": "approve_agent",
        "approve_agent": {"agent_address": ADDRESS, "agent_name": ""},
    }
    action = json.loads(signed(wrapped("multi_sig", inner), NONCE).post_body)["action"]
    assert list(action["payload"]["action"])[-3:] == ["agentAddress", "agentName", "nonce"]
    assert action["payload"]["action"]["agentName"] == ""


@pytest.mark.parametrize("wrapper", WRAPPED)
@pytest.mark.parametrize(
    ("kind", "record", "posted"),
    [
        ("approve_agent", {"agent_name": ""}, {"agentName": ""}),
        ("user_set_abstraction", {}, {"abstraction": "p"}),
    ],
)
def test_json_within_may_be_as_the_posted_wrapper_has_it(
    wrapper: str, kind: str, record: dict[str, object], posted: dict[str, object]
) -> None:
    action = SAMPLES[kind].wire | posted
    typed = wrapped(wrapper, {"action": kind, kind: {**SAMPLES[kind].record, **record}})
    read = wrapped(wrapper, json_of(action))
    assert decode(read).intents == decode(typed).intents
    assert signed(read, NONCE) == signed(typed, NONCE)
    with pytest.raises(FieldInvalid):
        decode(HyperliquidPayload("json", {"json": json.dumps(action).encode()}, nonce=NONCE))
