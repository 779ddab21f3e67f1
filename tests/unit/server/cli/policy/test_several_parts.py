"""Payloads that carry several things, and signatures that somebody else has approved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

POLICIES = """\
@id("desk-sees")
permit (principal == Identity::"cn:bot", action == Action::"ViewKey", resource);

@id("desk-trades")
permit (principal == Identity::"cn:bot", action == Action::"SignHyperliquidOrder", resource)
when { context.hyperliquid.asset == 0 };

@id("desk-buys-gold")
permit (principal == Identity::"cn:bot", action == Action::"SignHyperliquidOrder", resource)
when { context.hyperliquid.asset == 7 };

@id("no-large-orders")
forbid (principal, action == Action::"SignHyperliquidOrder", resource)
when { context.hyperliquid.sz > 100000000 };

@id("two-withdraw")
permit (principal == Identity::"cn:bot", action == Action::"SignHyperliquidVaultTransfer", resource)
when { context.approved };
"""
TABLE = """\
keys:
  hl: {owner: cn:bot, purpose: hyperliquid, algorithm: secp256k1, network: mainnet}
  frozen:
    {owner: cn:bot, purpose: hyperliquid, algorithm: secp256k1, network: mainnet,
     freeze: cancel_only}
cases:
"""
VAULT = '{vaultAddress: "0x1111111111111111111111111111111111111111", isDeposit: true, usd: 5}'
TRANSFER = f"payload: {{hyperliquid: {{vaultTransfer: {VAULT}}}}}"


def orders(*what: tuple[int, str]) -> str:
    each = ", ".join(
        f'{{asset: {asset}, isBuy: true, limitPx: "5", sz: "{size}", '
        "limit: {tif: HYPERLIQUID_TIF_GTC}}"
        for asset, size in what
    )
    return f"payload: {{hyperliquid: {{order: {{orders: [{each}]}}}}}}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "policies"
    path.mkdir(mode=0o700)
    (path / "a.cedar").write_text(POLICIES)
    return path


def judged(invoke, folder: Path, *cases: str) -> list[tuple[str, str, list[str]]]:
    lines = [f"  - {{name: c{n}, identity: cn:bot, {c}}}\n" for n, c in enumerate(cases)]
    (folder / "a.test.yaml").write_text(TABLE + "".join(lines))
    done = invoke("policy", "test", folder, "--json")
    assert done.stdout, done.stderr
    return [(c["got"], c["reason"], c["policies"]) for c in json.loads(done.stdout)["cases"]]


def test_all_parts_must_be_allowed(invoke, folder):
    found = judged(
        invoke,
        folder,
        f"key: hl, {orders((0, '1'))}, expect: allow",
        f"key: hl, {orders((0, '1'), (7, '1'))}, expect: allow",
        f"key: hl, {orders((0, '1'), (9, '1'))}, expect: deny",
        f"key: hl, {orders((0, '1'), (7, '2'))}, expect: deny",
    )
    assert found == [
        ("allow", "", ["desk-trades"]),
        ("allow", "", ["desk-trades", "desk-buys-gold"]),
        ("deny", "POLICY_DENIED", []),
        ("deny", "POLICY_DENIED", ["no-large-orders"]),
    ]


def test_a_key_that_only_cancels_is_asked_for_every_part(invoke, folder):
    cancel = "payload: {hyperliquid: {cancel: {cancels: [{asset: 0, oid: 5}]}}}"
    found = judged(
        invoke,
        folder,
        f"key: frozen, {orders((0, '1'))}, expect: deny",
        f"key: frozen, {cancel}, expect: deny",
    )
    assert [reason for _, reason, _ in found] == ["KEY_FROZEN", "POLICY_DENIED"]


def test_s15_what_takes_two_is_allowed_where_it_is_approved(invoke, folder):
    found = judged(
        invoke,
        folder,
        f"key: hl, {TRANSFER}, expect: deny",
        f"key: hl, {TRANSFER}, approved: true, expect: allow",
        f"key: hl, {TRANSFER}, approved: false, expect: deny",
    )
    assert found == [
        ("deny", "POLICY_DENIED", []),
        ("allow", "", ["two-withdraw"]),
        ("deny", "POLICY_DENIED", []),
    ]


@pytest.mark.parametrize(
    ("case", "problem"),
    [
        (f"key: hl, {orders((0, '1'))}, approved: true", "nobody approves it"),
        ("key: hl, action: ViewKey, approved: true", "only what is signed can be approved"),
    ],
)
def test_what_nobody_approves_is_not_said_to_be(invoke, folder, case, problem):
    (folder / "a.test.yaml").write_text(
        f"{TABLE}  - {{name: c, identity: cn:bot, {case}, expect: allow}}\n"
    )
    done = invoke("policy", "test", folder)
    assert done.exit_code == 1
    assert problem in done.stdout


def test_approved_is_true_or_false(invoke, folder):
    case = f'identity: cn:bot, key: hl, {TRANSFER}, approved: "yes", expect: allow'
    (folder / "a.test.yaml").write_text(f"{TABLE}  - {{name: c, {case}}}\n")
    done = invoke("policy", "test", folder)
    assert done.exit_code != 0
    assert "is neither true nor false" in done.stderr


def test_an_action_may_stand_in_the_words_of_the_exchange(invoke, folder):
    (folder / "b.cedar").write_text(
        '@id("json") permit (principal, action == Action::"SignHyperliquidJson", resource)\n'
        'when { context.hyperliquid.kind == "newKind" && context.approved };\n'
    )
    new = "payload: {hyperliquid: {json: {type: newKind, a: 1}}}, approved: true"
    transfer = "{type: noop}"
    found = judged(
        invoke,
        folder,
        f"key: hl, {new}, expect: allow",
        f"key: hl, {new.replace('newKind', 'otherKind')}, expect: deny",
        f"key: hl, payload: {{hyperliquid: {{json: {transfer}}}}}, expect: deny",
        'key: hl, payload: {hyperliquid: {json: "not base64"}}, expect: error',
    )
    assert [got for got, _, _ in found] == ["allow", "deny", "deny", None]


def test_explain_shows_each_part_and_the_approval(invoke, folder):
    judged(invoke, folder, f"key: hl, {orders((0, '1'))}, expect: allow")
    table = ("--table", folder / "a.test.yaml", "--identity", "cn:bot", "--key", "hl")
    vault = {"vaultAddress": "0x" + "11" * 20, "isDeposit": True, "usd": 5}
    payload = json.dumps({"hyperliquid": {"vaultTransfer": vault}})
    asked = ("policy", "explain", *table, "--payload", payload, "--json")
    denied, allowed = invoke(*asked), invoke(*asked, "--approved")
    assert (denied.exit_code, allowed.exit_code) == (1, 0)
    steps = [json.loads(done.stdout)["steps"][-1] for done in (denied, allowed)]
    assert [step["context"]["approved"] for step in steps] == [False, True]
    assert steps[0]["cacheable"] is False
    two = [
        {
            "asset": a,
            "isBuy": True,
            "limitPx": "5",
            "sz": "1",
            "limit": {"tif": "HYPERLIQUID_TIF_GTC"},
        }
        for a in (0, 7)
    ]
    payload = json.dumps({"hyperliquid": {"order": {"orders": two}}})
    done = invoke("policy", "explain", *table, "--payload", payload, "--json")
    steps = json.loads(done.stdout)["steps"]
    assert [step["action"] for step in steps] == ["ViewKey", *["SignHyperliquidOrder"] * 2]
    assert [step["context"]["hyperliquid"]["asset"] for step in steps[1:]] == [0, 7]
    assert "approved" not in steps[1]["context"]
