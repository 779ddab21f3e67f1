"""Every kind: record to action and back, and what its Intents have."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import pytest
from signward.v1 import hyperliquid_pb2 as pb
from signward_server.chains.hyperliquid.kinds import KINDS, KINDS_BY_WIRE
from signward_server.chains.hyperliquid.packing import action_hash, packed
from signward_server.core.actions import ActionGroup
from signward_server.core.errors import FieldInvalid, NetworkMismatch, PayloadUnsupported
from signward_server.core.payloads import HyperliquidPayload
from signward_server.core.signing import Decoded, Intent

from tests.unit.server.chains.hyperliquid.keys import CHAIN, MAINNET, NOW, PUBLIC, signed
from tests.unit.server.chains.hyperliquid.rewriting import changed
from tests.unit.server.chains.hyperliquid.samples import LOWER, NONCE, SAMPLES, TOKEN

POSTED = [kind for kind in KINDS if kind != "multi_sig_share"]
PACKED = [name for name in POSTED if KINDS[name].typed is None and name != "multi_sig"]
TRADING = {"order", "modify", "batch_modify", "twap_order"}
CANCELLING = {"cancel", "cancel_by_cloid", "schedule_cancel", "twap_cancel", "noop"}
NEITHER = {"update_leverage", "update_isolated_margin"}


def decode(kind: str, record: Mapping[str, object], **more: Any) -> Decoded:
    return CHAIN.decode(HyperliquidPayload(kind, record, **more), MAINNET, NOW)


def as_json(wire: object) -> HyperliquidPayload:
    text = json.dumps(wire, separators=(",", ":")).encode()
    return HyperliquidPayload("json", {"json": text}, nonce=NONCE)


def fields(kind: str) -> list[Mapping[str, object]]:
    return [intent.fields for intent in decode(kind, SAMPLES[kind].record, nonce=NONCE).intents]


def test_every_kind_of_the_api_is_known() -> None:
    names = {field.name for field in pb.HyperliquidPayload.DESCRIPTOR.oneofs[0].fields}
    assert set(KINDS) <= names - {"json"}
    assert set(SAMPLES) == set(KINDS)
    assert {kind.wire for kind in KINDS.values()} - {""} == set(KINDS_BY_WIRE)


@pytest.mark.parametrize("kind", POSTED)
def test_the_action_is_written_as_the_exchange_has_it(kind: str) -> None:
    sample = SAMPLES[kind]
    answer = signed(HyperliquidPayload(kind, sample.record, nonce=NONCE), NONCE)
    body = json.loads(answer.post_body)
    assert json.dumps(body["action"]) == json.dumps(sample.wire)  # in its order


@pytest.mark.parametrize("vault", ["", LOWER])
@pytest.mark.parametrize("expires_after", [0, NOW + 1])
@pytest.mark.parametrize("kind", PACKED)
def test_what_is_posted_hashes_to_what_was_signed(
    kind: str, expires_after: int, vault: str
) -> None:
    answer = signed(HyperliquidPayload(kind, SAMPLES[kind].record, vault, expires_after), NONCE)
    body = json.loads(answer.post_body)
    found = action_hash(
        packed(body["action"]), body["nonce"], body["vaultAddress"] or "", body["expiresAfter"] or 0
    )
    assert found == answer.action_hash
    assert body["signature"] == {"r": answer.r, "s": answer.s, "v": answer.v}
    assert (body["vaultAddress"] or "", body["expiresAfter"] or 0) == (vault, expires_after)


@pytest.mark.parametrize("kind", POSTED)
def test_json_of_a_kind_is_that_kind(kind: str) -> None:
    payload = HyperliquidPayload(kind, SAMPLES[kind].record, nonce=NONCE)
    from_json = as_json(SAMPLES[kind].wire)
    assert signed(from_json, NONCE) == signed(payload, NONCE)
    typed, read = (CHAIN.decode(each, MAINNET, NOW) for each in (payload, from_json))
    assert read.intents == typed.intents
    assert (read.grants, read.account) == (typed.grants, typed.account)


OTHER_ACTIONS = {
    "-time",
    "-builder",
    "-agentName",
    ".orders[0]-c",
    ".order-c",
    ".modifies[1].order-c",
    ".signatures[0].r=short",
}
"""Changes that give another action of the kind."""

CHANGED = [
    (kind, where, other)
    for kind, sample in SAMPLES.items()
    for where, other in changed(sample.wire)
    if where not in OTHER_ACTIONS
]


@pytest.mark.parametrize(
    ("kind", "other"),
    [(kind, other) for kind, _, other in CHANGED],
    ids=[f"{kind} {where}" for kind, where, _ in CHANGED],
)
def test_s31_json_that_is_written_otherwise_is_refused(kind: str, other: object) -> None:
    with pytest.raises((FieldInvalid, PayloadUnsupported, NetworkMismatch)) as caught:
        CHAIN.decode(as_json(other), MAINNET, NOW)
    named = [violation.field for violation in caught.value.violations]
    assert all(field.startswith("hyperliquid.") for field in named)
    assert named or isinstance(caught.value, NetworkMismatch)


def test_groups() -> None:
    for kind in KINDS.values():
        groups = kind.action.groups
        if kind.name in TRADING:
            assert groups == {ActionGroup.TRADE}
        elif kind.name in CANCELLING:
            assert groups == {ActionGroup.CANCEL}
        else:
            assert not groups
        restricted = kind.name not in TRADING | CANCELLING | NEITHER
        assert kind.action.restricted is restricted


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_read_and_named_when_it_is_wrong(kind: str) -> None:
    for name in SAMPLES[kind].record:
        record = copy.deepcopy(SAMPLES[kind].record)
        record[name] = object()
        with pytest.raises(FieldInvalid) as caught:
            decode(kind, record, nonce=NONCE)
        (field, *_) = [violation.field for violation in caught.value.violations]
        assert field.startswith(f"hyperliquid.{kind}.{name}")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("cancel", {"cancels": 2}),
        ("cancel_by_cloid", {"cancels": 1}),
        ("update_leverage", {"asset": 1, "is_cross": True, "leverage": 21}),
        ("update_isolated_margin", {"asset": 1, "amount": 100_000_000, "removes": True}),
        ("schedule_cancel", {"cancels": 0, "is_set": True}),
        (
            "twap_order",
            {"asset": 5, "is_buy": True, "sz": 1_250_000_000, "minutes": 30, "randomize": True},
        ),
        ("twap_cancel", {"cancels": 1}),
        ("noop", {"cancels": 0}),
        (
            "vault_transfer",
            {"destination": LOWER, "amount": 500_000_000, "token": "USDC", "is_deposit": True},
        ),
        ("create_sub_account", {"name": "desk two"}),
        (
            "sub_account_transfer",
            {"destination": LOWER, "amount": 1000, "token": "USDC", "is_deposit": False},
        ),
        (
            "sub_account_spot_transfer",
            {"destination": LOWER, "amount": 150_000_000, "token": TOKEN, "is_deposit": True},
        ),
        (
            "agent_send_asset",
            {
                "destination": LOWER,
                "amount": 10_000_000_000,
                "token": TOKEN,
                "source_dex": "",
                "destination_dex": "spot",
                "from_sub_account": "",
            },
        ),
    ],
)
def test_what_policies_see(kind: str, expected: dict[str, object]) -> None:
    (found,) = fields(kind)
    assert {name: found[name] for name in expected} == expected


def test_s05_a_sub_account_that_is_sent_from_is_the_account() -> None:
    record = {**SAMPLES["agent_send_asset"].record, "from_sub_account": LOWER}
    assert decode("agent_send_asset", record).account == LOWER
    assert decode("noop", {}).account == ""
    assert decode("noop", {}, vault_address=LOWER.upper().replace("X", "x")).account == LOWER


@pytest.mark.parametrize(
    ("kind", "name", "value", "error"),
    [
        ("update_leverage", "leverage", 0, FieldInvalid),
        ("twap_order", "minutes", 0, FieldInvalid),
        ("update_leverage", "asset", 2**32, FieldInvalid),
        ("update_leverage", "asset", -1, FieldInvalid),
        ("update_leverage", "asset", True, FieldInvalid),
        ("update_leverage", "is_cross", 1, FieldInvalid),
        ("cancel", "cancels", [], FieldInvalid),
        ("cancel", "cancels", [{"asset": 1, "oid": 1}] * 257, FieldInvalid),
        ("cancel", "cancels", [{"asset": 1, "oid": 2**64}], FieldInvalid),
        ("cancel", "cancels", [1], FieldInvalid),
        ("vault_transfer", "usd", 2**63 - 1, PayloadUnsupported),
        ("update_isolated_margin", "ntli", -(2**63) + 1, PayloadUnsupported),
        ("modify", "oid", 2**63, PayloadUnsupported),
        ("modify", "target", None, FieldInvalid),
        ("create_sub_account", "name", "", FieldInvalid),
        ("create_sub_account", "name", "a\u202eb", FieldInvalid),
        ("create_sub_account", "name", "x" * 65, FieldInvalid),
        ("sub_account_spot_transfer", "token", "PU RR:0x1", FieldInvalid),
        ("sub_account_spot_transfer", "amount", "-1", FieldInvalid),
        ("agent_send_asset", "source_dex", "é", FieldInvalid),
        ("agent_send_asset", "from_sub_account", "0x12", FieldInvalid),
        ("order", "grouping", "na", FieldInvalid),
        ("order", "builder", {"address": LOWER, "fee": 2**32}, FieldInvalid),
    ],
)
def test_s06_bounds(kind: str, name: str, value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        decode(kind, {**SAMPLES[kind].record, name: value})


def test_all_faults_are_named_at_once() -> None:
    bad = {**SAMPLES["order"].record["orders"][0], "limit_px": "1e5", "sz": "", "cloid": "0x"}  # type: ignore[index]
    with pytest.raises(FieldInvalid) as caught:
        decode("order", {"orders": [bad], "grouping": "x"}, vault_address="0x1")
    assert [violation.field for violation in caught.value.violations] == [
        "hyperliquid.vault_address",
        "hyperliquid.order.orders[0].limit_px",
        "hyperliquid.order.orders[0].sz",
        "hyperliquid.order.orders[0].cloid",
        "hyperliquid.order.grouping",
    ]


@pytest.mark.parametrize(
    ("kind", "name", "most"),
    [
        ("modify", "oid", 2**63 - 1),
        ("token_delegate", "wei", 2**63 - 1),
        ("vault_transfer", "usd", (2**63 - 1) // 100),
        ("sub_account_transfer", "usd", (2**63 - 1) // 100),
        ("update_isolated_margin", "ntli", (2**63 - 1) // 100),
    ],
)
def test_s06_the_most_is_named_in_what_the_field_counts(kind: str, name: str, most: int) -> None:
    decode(kind, {**SAMPLES[kind].record, name: most}, nonce=NONCE)
    with pytest.raises(PayloadUnsupported) as caught:
        decode(kind, {**SAMPLES[kind].record, name: most + 1}, nonce=NONCE)
    (violation,) = caught.value.violations
    assert violation.description == f"Is more than this daemon counts: {most}."


def test_numbering_changes_nothing_that_was_judged() -> None:
    for kind in POSTED:
        decoded = decode(kind, SAMPLES[kind].record, nonce=NONCE)
        assert decoded.draft is not None
        numbered = decoded.draft.numbered(NONCE, PUBLIC)
        assert numbered.intents == decoded.intents
        assert isinstance(numbered.intents[0], Intent)
        assert (numbered.grants, numbered.account) == (decoded.grants, decoded.account)
        assert numbered.draft is None
        assert numbered.nonce == NONCE
        (message,) = numbered.messages
        assert len(message) == 66
        assert dataclasses.replace(numbered) == numbered
