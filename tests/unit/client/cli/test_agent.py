"""``signward agent ...``."""

from __future__ import annotations

import datetime as dt

import pytest

APPROVE = ("agent", "approve", "master", "bot", "--network", "testnet")


def test_approve_shows_the_agent_and_what_to_post(daemon, run):
    outcome = run(*APPROVE, "--name", "maker", "--version", "2", "--expires", "90d")
    assert outcome.code == 0
    [request] = daemon.calls("ApproveAgent")
    assert (request.key, request.agent_key, request.agent_version) == ("master", "bot", 2)
    assert (request.agent_name, request.network) == ("maker", "testnet")
    left = request.expire_time.ToDatetime(dt.UTC) - dt.datetime.now(dt.UTC)
    assert left.total_seconds() == pytest.approx(90 * 86_400, abs=60)
    for shown in (daemon.agents[0].address, "bot version 2", "approved", "approveAgent"):
        assert shown in outcome.stdout


def test_approve_prints_the_body_alone_for_a_pipe(daemon, run):
    outcome = run(*APPROVE, "--body", "--request-id", "r1")
    assert outcome.stdout == '{"action":{"type":"approveAgent"}}\n'
    assert daemon.calls("ApproveAgent")[0].request_id == "r1"


def test_approve_as_json(daemon, run):
    answer = run(*APPROVE, "--json").json
    assert answer["agent"]["agentKey"] == "bot"
    assert answer["signature"]["postBody"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("agent", "approve", "master", "bot"), "--network"),
        ((*APPROVE, "--expires", "soon"), "neither a duration"),
        ((*APPROVE, "--version", "-1"), "--version"),
    ],
)
def test_mistakes_are_told_before_anything_is_asked(daemon, run, arguments, problem):
    outcome = run(*arguments)
    assert outcome.code == 2
    assert problem in outcome.stderr
    assert daemon.seen == []


def test_rotate_says_what_comes_next(daemon, run):
    outcome = run("agent", "rotate", "master", "bot", "--expires", "2030-01-02T00:00:00Z")
    assert outcome.code == 0
    assert "bot version 2" in outcome.stdout
    assert "signward key activate bot 2" in outcome.stderr
    [request] = daemon.calls("RotateAgent")
    assert request.expire_time.ToDatetime(dt.UTC) == dt.datetime(2030, 1, 2, tzinfo=dt.UTC)
    assert run("agent", "rotate", "master", "bot", "--body").stdout.startswith("{")


def test_list_shows_states_newest_first(daemon, run):
    run(*APPROVE, "--name", "one")
    run(*APPROVE, "--name", "two", "--expires", "2001-01-01T00:00:00Z")
    run(*APPROVE, "--name", "three")
    run("agent", "expire", "master", daemon.agents[2].address)
    rows = [line.split() for line in run("agent", "list", "master").stdout.splitlines()]
    assert [row[:3] for row in rows[1:]] == [
        [daemon.agents[2].address, "three", "ended"],
        [daemon.agents[1].address, "two", "expired"],
        [daemon.agents[0].address, "one", "approved"],
    ]
    shown = run("agent", "list", "master", "--limit", "2", "--json").json
    assert [agent["agentName"] for agent in shown] == ["three", "two"]


def test_an_agent_whose_name_another_one_has_by_now_is_replaced(daemon, run):
    for name in ("one", "two", "one"):
        run(*APPROVE, "--name", name)
    rows = [line.split() for line in run("agent", "list", "master").stdout.splitlines()]
    assert [row[1:3] for row in rows[1:]] == [
        ["one", "approved"], ["two", "approved"], ["one", "replaced"],
    ]  # fmt: skip


def test_expire_ends_one_with_a_reason(daemon, run):
    run(*APPROVE)
    address = daemon.agents[0].address
    outcome = run("agent", "expire", "master", address, "--reason", "stolen")
    assert outcome.code == 0
    assert "ended" in outcome.stdout
    assert daemon.calls("ExpireAgent")[0].reason == "stolen"
    assert run("agent", "expire", "master", address, "--json").json["address"] == address
    unknown = run("agent", "expire", "master", "0x" + "9" * 40)
    assert unknown.code != 0
    assert "AGENT_NOT_FOUND" in unknown.stderr


def test_a_key_is_made_for_a_vault(daemon, run):
    vault = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
    arguments = ("--algorithm", "secp256k1", "--purpose", "hyperliquid", "--network", "testnet")
    assert run("key", "create", "desk", *arguments, "--vault", vault).code == 0
    [request] = daemon.calls("CreateKey")
    assert (request.network, request.vault_address) == ("testnet", vault)


def test_the_address_of_a_key_is_printed_alone(daemon, run):
    key = daemon.add_key("desk")
    outcome = run("key", "public-key", "desk", "--format", "address")
    assert outcome.code == 2
    assert "only hyperliquid keys have an address" in outcome.stderr
    key.versions[0].public_key.ethereum_address = "0xabc"
    assert run("key", "public-key", "desk", "--format", "address").stdout == "0xabc\n"
    assert "0xabc" in run("key", "get", "desk").stdout
