"""The calls to ``AccountService``."""

from __future__ import annotations

import datetime as dt

import pytest
from signward import errors
from signward.v1 import account_service_pb2 as pb

from tests.fakes.statuses import status

TOMORROW = dt.datetime(2030, 1, 2, tzinfo=dt.UTC)


def test_an_approval_says_all_that_was_given(daemon, client):
    answer = client.accounts.approve_agent(
        "master",
        "bot",
        network="testnet",
        agent_name="maker",
        agent_version=3,
        expires=TOMORROW,
        request_id="mine",
    )
    [request] = daemon.calls("ApproveAgent")
    assert request == pb.ApproveAgentRequest(
        key="master",
        agent_key="bot",
        agent_version=3,
        agent_name="maker",
        network="testnet",
        expire_time=request.expire_time,
        request_id="mine",
    )
    assert request.expire_time.ToDatetime(dt.UTC) == TOMORROW
    assert (answer.agent.agent_key, answer.agent.agent_version) == ("bot", 3)
    assert answer.signature.post_body


def test_a_short_approval_has_a_request_id_of_its_own(daemon, client):
    for _ in range(2):
        client.accounts.approve_agent("master", "bot", network="mainnet")
    one, other = daemon.calls("ApproveAgent")
    assert one.request_id != other.request_id != ""
    assert not one.HasField("expire_time")
    assert (one.agent_name, one.agent_version) == ("", 0)


def test_a_rotation_is_approved_under_the_name(daemon, client):
    answer = client.accounts.rotate_agent("master", "bot", expires=dt.timedelta(days=1))
    [request] = daemon.calls("RotateAgent")
    left = request.expire_time.ToDatetime(dt.UTC) - dt.datetime.now(dt.UTC)
    assert left.total_seconds() == pytest.approx(86_400, abs=60)
    assert request.request_id
    assert answer.agent.agent_version == 2


@pytest.mark.parametrize("method", ["ApproveAgent", "RotateAgent"])
def test_what_has_a_request_id_is_repeated_with_it(daemon, client, method):
    daemon.plan(method, status("UNAVAILABLE", "STORE_UNAVAILABLE"))
    if method == "ApproveAgent":
        client.accounts.approve_agent("master", "bot", network="testnet")
    else:
        client.accounts.rotate_agent("master", "bot")
    one, other = daemon.calls(method)
    assert one == other


def test_an_end_without_a_time_zone_is_refused_here(daemon, client):
    naive = TOMORROW.replace(tzinfo=None)
    with pytest.raises(ValueError, match="time zone"):
        client.accounts.approve_agent("master", "bot", network="testnet", expires=naive)
    assert daemon.seen == []


def test_agents_are_listed_page_by_page(daemon, client):
    for number in range(5):
        client.accounts.approve_agent("master", f"bot-{number}", network="testnet")
    client.accounts.approve_agent("other", "bot", network="testnet")
    found = [agent.agent_key for agent in client.accounts.list_agents("master", page_size=2)]
    assert found == [f"bot-{number}" for number in (4, 3, 2, 1, 0)]
    assert len(daemon.calls("ListAgents")) == 3


def test_an_agent_is_ended_once_and_not_repeated(daemon, client):
    agent = client.accounts.approve_agent("master", "bot", network="testnet").agent
    ended = client.accounts.expire_agent("master", agent.address, reason="stolen")
    assert ended.HasField("end_time")
    [request] = daemon.calls("ExpireAgent")
    assert (request.key, request.address, request.reason) == ("master", agent.address, "stolen")
    daemon.plan("ExpireAgent", status("UNAVAILABLE", "STORE_UNAVAILABLE"))
    with pytest.raises(errors.Unavailable):
        client.accounts.expire_agent("master", agent.address)
    with pytest.raises(errors.NotFound) as raised:
        client.accounts.expire_agent("master", "0x" + "9" * 40)
    assert raised.value.reason == "AGENT_NOT_FOUND"
