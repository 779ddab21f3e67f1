"""Approvals that are signed like any other payload: known, and judged by the same rules (S31)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.errors import (
    EnvelopeCorrupt,
    FieldInvalid,
    PolicyDenied,
    StoreUnavailable,
)
from signward_server.core.keys import Algorithm, Purpose
from signward_server.core.payloads import Hash, HyperliquidPayload
from signward_server.core.signing import Decoded, Intent, SignRequest
from signward_server.flows.agents.names import grant_of, name_until, whole_milliseconds

from tests.unit.server.flows.agents.desk import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


def approval(address: str, name: str = "maker", request_id: str = "", key: str = "master"):
    action = {"agent_address": address, "agent_name": name}
    payload = HyperliquidPayload("approve_agent", action)
    return SignRequest(key, 0, b"", request_id, payload)


def test_whoever_is_approved_by_a_plain_signature_is_known(desk: Desk) -> None:
    signature = desk.sign(approval(desk.address("bot"), "maker valid_until 1800000000123"))
    agent = desk.world.register.get(desk.address("bot"))
    assert agent is not None
    assert (agent.key, agent.account) == ("master", desk.address("master"))
    assert (agent.agent_key, agent.agent_version, agent.name) == ("bot", 1, "maker")
    assert agent.nonce == signature.nonce
    assert agent.expire_time == datetime.fromtimestamp(1_800_000_000, UTC).replace(
        microsecond=123_000
    )
    assert not desk.world.register.is_requested(agent.address)


def test_s33_a_retry_of_it_is_the_same(desk: Desk) -> None:
    request = approval(desk.address("bot"), request_id="r1")
    first = desk.sign(request)
    before = desk.world.register.get(desk.address("bot"))
    desk.world.clock.advance(60)
    assert desk.sign(request) == first
    assert desk.world.register.get(desk.address("bot")) == before


def test_one_that_is_an_agent_still_may_be_approved_anew(desk: Desk) -> None:
    desk.sign(approval(desk.address("bot")))
    desk.world.clock.advance(1)
    second = desk.sign(approval(desk.address("bot"), "renamed"))
    agent = desk.world.register.get(desk.address("bot"))
    assert agent is not None
    assert (agent.name, agent.nonce) == ("renamed", second.nonce)
    assert desk.approve("r1", name="renamed").agent.name == "renamed"


@pytest.mark.parametrize(
    "target", ["nobody", "master", "main", "raw", "ed25519", "rival's", "damaged"]
)
def test_s31_what_is_no_key_of_this_catalogue_is_refused(desk: Desk, target: str) -> None:
    desk.key("main", network="mainnet")
    desk.world.key("raw", algorithm=Algorithm.ECDSA_SECP256K1, network="testnet")
    desk.world.key("ed25519", network="testnet")
    desk.key("rival")
    addresses = {
        "nobody": "0x" + "1" * 40,
        "master": desk.address("master"),
        "main": desk.address("main"),
        "raw": desk.address("raw"),
        "ed25519": "0x" + "2" * 40,
        "rival's": desk.address("bot"),
        "damaged": desk.address("bot"),
    }
    if target == "rival's":
        desk.sign(approval(desk.address("bot"), key="rival"))
    if target == "damaged":
        desk.world.register.damaged.add(desk.address("bot"))
    asked = list(desk.world.custody.asked)
    with pytest.raises(EnvelopeCorrupt if target == "damaged" else FieldInvalid):
        desk.sign(approval(addresses[target]))
    assert desk.world.custody.asked == asked
    assert desk.world.nonces.taken == [t for t in desk.world.nonces.taken if asked]


def test_s14_whoever_signs_an_approval_must_be_allowed_to_approve_the_agent(desk: Desk) -> None:
    desk.world.policy.rule = lambda judged: judged.action != "ApproveAgent"
    with pytest.raises(PolicyDenied):
        desk.sign(approval(desk.address("bot")))
    assert desk.world.custody.asked == []
    assert desk.world.nonces.taken == []
    desk.world.policy.rule = lambda judged: (
        judged.action != "ApproveAgent" or (judged.key is not None and judged.key.id == "bot")
    )
    assert desk.sign(approval(desk.address("bot"))).nonce


def test_s14_an_approval_or_rotation_is_judged_once_by_its_own_action(desk: Desk) -> None:
    approved = desk.approve()
    asked = [judged.action for judged in desk.world.policy.judged]
    assert asked.count("ApproveAgent") == 1
    desk.world.policy.rule = lambda judged: judged.action != "ApproveAgent"
    assert desk.rotate().agent.address != approved.agent.address


@pytest.mark.parametrize("target", ["hidden", "nobody", "other network"])
def test_s39_nobody_is_told_that_an_address_is_a_key_that_is_hidden(
    desk: Desk, target: str
) -> None:
    desk.key("hidden")
    desk.key("other network", network="mainnet")
    desk.world.policy.rule = lambda judged: (
        judged.key is None
        or judged.key.id == "master"
        or (judged.key.id == "hidden" and judged.action == "ApproveAgent")
    )
    address = "0x" + "1" * 40 if target == "nobody" else desk.address(target)
    with pytest.raises(FieldInvalid) as refused:
        desk.sign(approval(address))
    (violation,) = refused.value.violations
    assert violation.field == "hyperliquid.approve_agent.agent_address"
    assert violation.description == (
        "Must be the address of a hyperliquid key of this daemon, on the same network."
    )


def test_s31_of_two_accounts_that_approve_one_address_at_once_one_does(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.key("rival")
    sign = desk.world.custody.sign
    quicker: list[object] = []

    def overtaken(*arguments):
        if not quicker:
            quicker.append(True)
            quicker.append(desk.sign(approval(desk.address("bot"), key="rival")))
        return sign(*arguments)

    monkeypatch.setattr(desk.world.custody, "sign", overtaken)
    with pytest.raises(FieldInvalid):
        desk.sign(approval(desk.address("bot")))
    agent = desk.world.register.get(desk.address("bot"))
    assert agent is not None
    assert agent.account == desk.address("rival")


def test_s31_one_that_is_ended_while_it_is_signed_is_not_approved(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sign(approval(desk.address("bot")))
    sign, address = desk.world.custody.sign, desk.address("bot")

    def ended(*arguments):
        desk.end(address)
        return sign(*arguments)

    monkeypatch.setattr(desk.world.custody, "sign", ended)
    desk.world.clock.advance(1)
    with pytest.raises(FieldInvalid):
        desk.sign(approval(address))


def test_what_cannot_be_remembered_does_not_leave(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(agent, scope=None, content=b""):
        raise StoreUnavailable

    monkeypatch.setattr(desk.world.register, "put", failing)
    with pytest.raises(StoreUnavailable):
        desk.sign(approval(desk.address("bot")))
    assert desk.world.audit.outcomes == ["STORE_UNAVAILABLE"]


def test_the_account_of_an_agent_is_its_masters(desk: Desk) -> None:
    accounts, bot = desk.world.agent_parts.accounts, desk.bot.versions[0]
    assert accounts.account(desk.bot, bot) == desk.address("bot")
    desk.approve()
    assert accounts.account(desk.bot, bot) == desk.address("master")
    assert accounts.account(desk.master, desk.master.versions[0]) == desk.address("master")
    desk.end(desk.address("bot"))
    assert accounts.account(desk.bot, bot) == desk.address("master")
    raw = desk.world.key("raw", purpose=Purpose.RAW)
    assert accounts.account(raw, raw.versions[0]) == ""


def test_s12_a_master_keeps_its_account_whoever_approves_it(desk: Desk) -> None:
    desk.key("rival")
    desk.sign(approval(desk.address("bot")))
    with pytest.raises(FieldInvalid):
        desk.sign(approval(desk.address("master"), key="rival"))
    accounts = desk.world.agent_parts.accounts
    assert accounts.account(desk.master, desk.master.versions[0]) == desk.address("master")


def test_s17_nobody_knows_the_account_of_an_agent_whose_row_was_changed(desk: Desk) -> None:
    desk.world.register.damaged.add(desk.address("bot"))
    with pytest.raises(EnvelopeCorrupt):
        desk.world.agent_parts.accounts.account(desk.bot, desk.bot.versions[0])


def test_many_keys_are_looked_through_once(desk: Desk) -> None:
    for number in range(1200):
        desk.key(f"k{number}")
    last = desk.world.catalogue.page("", 2000)[-1]
    parts = desk.world.agent_parts
    address = parts.addresses._address_of(last.versions[0].public_key)
    found = parts.addresses.find(address)
    assert found is not None
    assert found[0].id == last.id
    assert parts.addresses.find("0x" + "3" * 40) is None


def decoded(*fields: dict[str, object]) -> Decoded:
    intents = tuple(Intent("SignX", each) for each in fields)  # type: ignore[arg-type]
    return Decoded(intents[0], (), Hash.KECCAK256, intents[1:], grants="0x")


def test_within_a_wrapper_the_account_is_the_wrappers() -> None:
    found = grant_of(
        decoded({"multi_sig_user": "0xabc", "wrapper": ""}, {"agent_name": "maker valid_until 7"})
    )
    assert found == ("maker", datetime.fromtimestamp(0.007, UTC), "0xabc")


@pytest.mark.parametrize(
    ("text", "name", "ends"),
    [
        ("", "", False),
        ("maker", "maker", False),
        ("valid_until 7", "valid_until 7", False),
        (" valid_until 7", "", True),
        ("a valid_until x", "a valid_until x", False),
        ("a valid_until 7 ", "a valid_until 7 ", False),
        ("a valid_until 9999999999999999999", "a", True),
        ("a valid_until 1 valid_until 2", "a valid_until 1", True),
    ],
)
def test_names_are_read_as_the_exchange_reads_them(text: str, name: str, ends: bool) -> None:
    found, end, account = grant_of(decoded({"agent_name": text}))
    assert (found, end is not None, account) == (name, ends, "")


@given(st.integers(0, 10**16), st.sampled_from(["", "a", "b c"]))
def test_what_is_written_is_read(microseconds: int, name: str) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    end = whole_milliseconds(moment)
    assert timedelta(0) <= moment - end < timedelta(milliseconds=1)
    assert grant_of(decoded({"agent_name": name_until(name, end)}))[:2] == (name, end)
