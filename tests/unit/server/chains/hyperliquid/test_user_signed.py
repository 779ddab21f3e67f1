"""Kinds that are typed data of their own: what policies see, what is signed, what is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from signward_server.chains.hyperliquid.kinds import KINDS
from signward_server.core.errors import FieldInvalid, NetworkMismatch, PayloadUnsupported
from signward_server.core.payloads import HyperliquidPayload
from signward_server.core.signing import Decoded

from tests.unit.server.chains.hyperliquid.keys import CHAIN, MAINNET, NOW, TESTNET, signed
from tests.unit.server.chains.hyperliquid.samples import ADDRESS, LOWER, NONCE, SAMPLES, TOKEN
from tests.unit.server.chains.hyperliquid.user_signed_samples import USER_SIGNED

OTHER = "0x" + "ee" * 20


def decode(kind: str, record: Mapping[str, object], **more: Any) -> Decoded:
    return CHAIN.decode(HyperliquidPayload(kind, record, **more), MAINNET, NOW)


def violations(kind: str, record: Mapping[str, object], **more: Any) -> list[str]:
    with pytest.raises((FieldInvalid, PayloadUnsupported)) as caught:
        decode(kind, record, **more)
    return [violation.field for violation in caught.value.violations]


def test_these_are_all() -> None:
    assert {kind.name for kind in KINDS.values() if kind.typed is not None} == set(USER_SIGNED)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("usd_send", {"destination": LOWER, "amount": 1_250_000_000, "token": "USDC"}),
        ("withdraw", {"destination": LOWER, "amount": 700_000_000, "token": "USDC"}),
        ("spot_send", {"destination": LOWER, "amount": 50_000_000, "token": TOKEN}),
        (
            "usd_class_transfer",
            {
                "destination": "",
                "amount": 300_000_000,
                "token": "USDC",
                "to_perp": True,
                "sub_account": LOWER,
            },
        ),
        (
            "send_asset",
            {
                "destination": LOWER,
                "amount": 10_000_000_000,
                "token": "USDC",
                "source_dex": "",
                "destination_dex": "spot",
                "from_sub_account": LOWER,
            },
        ),
        (
            "approve_agent",
            {"agent_address": LOWER, "agent_name": "bot valid_until 1800000000000"},
        ),
        ("approve_builder_fee", {"builder": LOWER, "max_fee_rate": 10}),
        ("token_delegate", {"validator": LOWER, "wei": 5, "is_undelegate": False}),
        (
            "convert_to_multi_sig_user",
            {"authorized_users": f"{LOWER},{OTHER}", "users": 2, "threshold": 2},
        ),
        ("user_dex_abstraction", {"user": LOWER, "enabled": True}),
        ("user_set_abstraction", {"user": LOWER, "abstraction": "portfolioMargin"}),
    ],
)
def test_what_policies_see(kind: str, expected: dict[str, object]) -> None:
    intent = decode(kind, SAMPLES[kind].record).intent
    own = {name: intent.fields[name] for name in expected}
    common = {name: value for name, value in intent.fields.items() if name not in expected}
    assert own == expected
    assert common == {
        "network": "mainnet",
        "vault": "",
        "wrapper": "",
        "own_nonce": False,
        "has_expiry": False,
        "expires_in": 2**63 - 1,
    }


@pytest.mark.parametrize("kind", USER_SIGNED)
def test_s31_no_caller_says_the_chain(kind: str) -> None:
    """The key's network is signed, and JSON that says another one or another id is refused."""
    record, wire = SAMPLES[kind]
    mainnet = signed(HyperliquidPayload(kind, record), NONCE)
    testnet = signed(HyperliquidPayload(kind, record), NONCE, TESTNET)
    assert mainnet.action_hash != testnet.action_hash
    assert json.loads(testnet.post_body)["action"] == wire | {"hyperliquidChain": "Testnet"}
    for other in ({"hyperliquidChain": "Testnet"}, {"signatureChainId": "0xa4b1"}):
        text = json.dumps(wire | other).encode()
        with pytest.raises(NetworkMismatch):
            CHAIN.decode(HyperliquidPayload("json", {"json": text}, nonce=NONCE), MAINNET, NOW)


@pytest.mark.parametrize("kind", USER_SIGNED)
def test_neither_a_vault_nor_an_expiry_stands_beside_it(kind: str) -> None:
    found = violations(kind, SAMPLES[kind].record, vault_address=ADDRESS, expires_after=NOW)
    assert found == ["hyperliquid.vault_address", "hyperliquid.expires_after"]


@pytest.mark.parametrize("kind", USER_SIGNED)
def test_s31_the_nonce_within_json_is_that_of_the_payload(kind: str) -> None:
    text = json.dumps(SAMPLES[kind].wire).encode()
    for nonce in (0, NONCE + 1):
        with pytest.raises(FieldInvalid):
            CHAIN.decode(HyperliquidPayload("json", {"json": text}, nonce=nonce), MAINNET, NOW)


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("usd_send", "amount", "-1"),
        ("usd_send", "amount", "1e3"),
        ("usd_send", "amount", "NaN"),
        ("usd_send", "amount", "0.123456789"),
        ("usd_send", "destination", ""),
        ("withdraw", "amount", "01"),
        ("withdraw", "destination", LOWER[:-1]),
        ("spot_send", "token", ""),
        ("spot_send", "token", "PURR\u200b:0x1"),
        ("usd_class_transfer", "amount", f"1 subaccount:{LOWER}"),
        ("usd_class_transfer", "sub_account", "0x1"),
        ("send_asset", "from_sub_account", "spot"),
        ("send_asset", "source_dex", "a b"),
        ("approve_agent", "agent_name", "b\u00f6t"),
        ("approve_agent", "agent_name", "bot\n"),
        ("approve_agent", "agent_name", "b" * 65),
        ("approve_agent", "agent_name", "maker valid_until 01800000000000"),
        ("approve_agent", "agent_name", "maker valid_until " + "0" * 20 + "1800000000000"),
        ("approve_builder_fee", "max_fee_rate", "0.001"),
        ("approve_builder_fee", "max_fee_rate", "0.0001%"),
        ("approve_builder_fee", "max_fee_rate", "100.001%"),
        ("approve_builder_fee", "max_fee_rate", "-1%"),
        ("approve_builder_fee", "max_fee_rate", "%"),
        ("approve_builder_fee", "max_fee_rate", "1%%"),
        ("approve_builder_fee", "max_fee_rate", "00.1%"),
        ("token_delegate", "wei", -1),
        ("token_delegate", "wei", 2**63),
        ("token_delegate", "wei", 2**64),
        ("convert_to_multi_sig_user", "authorized_users", [ADDRESS, LOWER]),
        ("convert_to_multi_sig_user", "authorized_users", [ADDRESS, "0x1"]),
        ("convert_to_multi_sig_user", "authorized_users", [f"0x{i:040x}" for i in range(33)]),
        ("convert_to_multi_sig_user", "threshold", 0),
        ("convert_to_multi_sig_user", "threshold", 3),
        ("user_set_abstraction", "abstraction", "u"),
        ("user_set_abstraction", "abstraction", ""),
    ],
)
def test_s06_bounds(kind: str, name: str, value: object) -> None:
    found = violations(kind, {**SAMPLES[kind].record, name: value})
    assert f"hyperliquid.{kind}.{name}" in found


def test_an_unnamed_agent_is_signed_with_an_empty_name_and_posted_without() -> None:
    record = {"agent_address": ADDRESS, "agent_name": ""}
    answer = signed(HyperliquidPayload("approve_agent", record), NONCE)
    action = json.loads(answer.post_body)["action"]
    assert list(action) == [
        "type", "signatureChainId", "hyperliquidChain", "agentAddress", "nonce",
    ]  # fmt: skip
    named = signed(HyperliquidPayload("approve_agent", record | {"agent_name": "a"}), NONCE)
    assert answer.action_hash != named.action_hash


def test_s31_an_approval_grants_its_agent_rights() -> None:
    for kind in USER_SIGNED:
        grants = LOWER if kind == "approve_agent" else ""
        assert decode(kind, SAMPLES[kind].record).grants == grants


def test_s12_what_acts_for_another_account_names_it() -> None:
    own = {"usd_class_transfer": "sub_account", "send_asset": "from_sub_account"}
    for kind, name in own.items():
        record = SAMPLES[kind].record
        assert decode(kind, record).account == LOWER
        assert decode(kind, record | {name: ""}).account == ""
    for kind in ("user_dex_abstraction", "user_set_abstraction"):
        assert decode(kind, SAMPLES[kind].record).account == LOWER


def test_an_account_becomes_an_ordinary_one_again() -> None:
    nobody = {"authorized_users": [], "threshold": 0}
    answer = signed(HyperliquidPayload("convert_to_multi_sig_user", nobody), NONCE)
    action = json.loads(answer.post_body)["action"]
    assert action["signers"] == "null"
    text = json.dumps(action).encode()
    assert signed(HyperliquidPayload("json", {"json": text}, nonce=NONCE), NONCE) == answer
    found = violations("convert_to_multi_sig_user", nobody | {"threshold": 1})
    assert found == ["hyperliquid.convert_to_multi_sig_user.threshold"]


@pytest.mark.parametrize("signers", ["", "{", "[]", "1", '{"authorizedUsers": []}', None, 1])
def test_signers_in_json_are_read_strictly(signers: object) -> None:
    wire = SAMPLES["convert_to_multi_sig_user"].wire | {"signers": signers}
    text = json.dumps(wire).encode()
    with pytest.raises(FieldInvalid):
        CHAIN.decode(HyperliquidPayload("json", {"json": text}, nonce=NONCE), MAINNET, NOW)


def test_the_sub_account_is_signed_with_the_amount() -> None:
    record = SAMPLES["usd_class_transfer"].record
    answer = signed(HyperliquidPayload("usd_class_transfer", record), NONCE)
    action = json.loads(answer.post_body)["action"]
    assert action["amount"] == f"3 subaccount:{LOWER}"
    own = signed(HyperliquidPayload("usd_class_transfer", record | {"sub_account": ""}), NONCE)
    assert json.loads(own.post_body)["action"]["amount"] == "3"
