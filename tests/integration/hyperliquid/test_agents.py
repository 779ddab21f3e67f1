"""Agents of accounts on a real daemon, judged by the exchange's own SDK (S14, S31, S33, S34)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hyperliquid.utils.signing import (
    recover_agent_or_user_from_l1_action,
    recover_user_from_user_signed_action,
)
from signward import Algorithm, Client, Purpose, SignwardError
from signward.v1 import account_service_pb2 as accounts
from signward.v1 import hyperliquid_pb2 as hl
from signward.v1 import sign_service_pb2 as pb

from tests.running.crews import connected, crew
from tests.running.homes import Home
from tests.running.process import Daemon

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

_DESK = """\
@id("the-desk-does-everything")
permit (principal == Identity::"cn:bot", action, resource);
"""
_APPROVAL = [
    {"name": "hyperliquidChain", "type": "string"},
    {"name": "agentAddress", "type": "address"},
    {"name": "agentName", "type": "string"},
    {"name": "nonce", "type": "uint64"},
]


@pytest.fixture
def home(new_home: Callable[[], Home]) -> Home:
    home = new_home()
    home.permit(_DESK)
    return home


def make(client: Client, name: str) -> str:
    """Make a key; return its address."""
    client.create_key(
        name,
        algorithm=Algorithm.ALGORITHM_ECDSA_SECP256K1,
        purpose=Purpose.PURPOSE_HYPERLIQUID,
        network="testnet",
    )
    return client.get_public_key(name).public_key.ethereum_address


def order(key: str = "agent", version: int = 0) -> pb.SignRequest:
    one = hl.HyperliquidOrder(
        asset=0, is_buy=True, limit_px="50000", sz="0.1", limit=hl.HyperliquidLimit(tif=3)
    )
    payload = hl.HyperliquidPayload(order=hl.HyperliquidOrders(orders=[one]))
    return pb.SignRequest(key=key, version=version, hyperliquid=payload)


def approver(body: bytes) -> str:
    """Return who has signed an approval, by the exchange's SDK."""
    posted = json.loads(body)
    action = {"agentName": "", **posted["action"]}
    primary = "HyperliquidTransaction:ApproveAgent"
    found = recover_user_from_user_signed_action(
        action, posted["signature"], _APPROVAL, primary, is_mainnet=False
    )
    return str(found)


def trader(body: bytes) -> str:
    """Return who has signed an order, by the exchange's SDK."""
    posted = json.loads(body)
    return str(
        recover_agent_or_user_from_l1_action(
            posted["action"],
            posted["signature"],
            posted.get("vaultAddress"),
            posted["nonce"],
            posted.get("expiresAfter"),
            is_mainnet=False,
        )
    )


def approve(
    client: Client, request_id: str = "r1", **given: object
) -> accounts.ApproveAgentResponse:
    return client.accounts.approve_agent(
        "master", "agent", network="testnet", request_id=request_id, **given
    )


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(SignwardError) as raised:
        act()
    return raised.value.reason


def test_an_agent_from_its_approval_to_its_end(home: Home) -> None:
    end = datetime.now(UTC) + timedelta(days=30)
    with Daemon(home) as daemon, daemon.client() as client:
        master, agent = make(client, "master"), make(client, "agent")
        first = approve(client, agent_name="maker", expires=end)
        assert approver(first.signature.post_body) == master
        posted = json.loads(first.signature.post_body)["action"]
        milliseconds = int(end.timestamp() * 1000)
        assert posted["agentAddress"] == agent.lower()
        assert posted["agentName"] == f"maker valid_until {milliseconds}"
        assert (first.agent.address, first.agent.account) == (agent, master)
        signed = client.sign(order()).hyperliquid
        assert trader(signed.post_body) == agent

        rotated = client.accounts.rotate_agent("master", "agent", request_id="r2")
        assert approver(rotated.signature.post_body) == master
        assert client.sign(order()).version == 1
        client.activate_key_version("agent", rotated.agent.agent_version)
        assert trader(client.sign(order()).hyperliquid.post_body) == rotated.agent.address
        listed = list(client.accounts.list_agents("master"))
        assert [found.address for found in listed] == [rotated.agent.address, agent]

        client.accounts.expire_agent("master", rotated.agent.address.lower(), reason="stolen")
        for version in (0, 2):
            assert refusal(lambda v=version: client.sign(order(version=v))) == "KEY_VERSION_RETIRED"
        assert refusal(lambda: approve(client, "r3", agent_version=2)) == "FIELD_INVALID"
        assert client.accounts.expire_agent("master", agent).HasField("end_time")
        assert refusal(lambda: client.sign(order(version=1))) == "KEY_VERSION_RETIRED"


def test_s33_a_retry_gets_the_same_bytes_over_a_restart(home: Home) -> None:
    with Daemon(home) as daemon, daemon.client() as client:
        make(client, "master")
        make(client, "agent")
        first = approve(client, agent_name="maker")
        assert approve(client, agent_name="maker") == first
    with Daemon(home) as daemon, daemon.client() as client:
        assert approve(client, agent_name="maker") == first
        assert refusal(lambda: approve(client, agent_name="other")) == "REQUEST_ID_REUSED"
        client.accounts.expire_agent("master", first.agent.address)
    with Daemon(home) as daemon, daemon.client() as client:
        assert refusal(lambda: approve(client, agent_name="maker")) == "FIELD_INVALID"
        ended = next(iter(client.accounts.list_agents("master")))
        assert ended.HasField("end_time")


def test_s31_only_keys_of_this_catalogue_become_agents(home: Home) -> None:
    with Daemon(home) as daemon, daemon.client() as client:
        make(client, "master")
        agent = make(client, "agent")

        def sign(address: str) -> object:
            approval = hl.HyperliquidApproveAgent(agent_address=address, agent_name="x")
            payload = hl.HyperliquidPayload(approve_agent=approval)
            return client.sign(pb.SignRequest(key="master", hyperliquid=payload))

        assert refusal(lambda: sign("0x" + "1" * 40)) == "FIELD_INVALID"
        assert sign(agent)
        [found] = client.accounts.list_agents("master")
        assert (found.address, found.agent_name) == (agent, "x")
        client.accounts.expire_agent("master", agent)
        assert refusal(lambda: sign(agent)) == "FIELD_INVALID"


def test_s34_an_ended_agent_signs_on_no_worker(home: Home) -> None:
    with crew(home) as daemon, daemon.client() as client:
        make(client, "master")
        agent = make(client, "agent")
        approve(client)
        with connected(daemon) as everywhere:
            for each in everywhere:
                assert trader(each.sign(order()).hyperliquid.post_body) == agent
            everywhere[0].accounts.expire_agent("master", agent)
            for each in everywhere:
                assert refusal(lambda e=each: e.sign(order())) == "KEY_VERSION_RETIRED"
                assert refusal(lambda e=each: approve(e, "r9", agent_version=1)) == "FIELD_INVALID"
                [found] = each.accounts.list_agents("master")
                assert found.HasField("end_time")


def test_s14_the_desk_needs_both_rights(new_home: Callable[[], Home]) -> None:
    home = new_home()
    home.permit(
        _DESK
        + """
@id("no-approvals-by-the-master")
forbid (principal, action == Action::"SignHyperliquidApproveAgent", resource);
"""
    )
    with Daemon(home) as daemon, daemon.client() as client:
        make(client, "master")
        make(client, "agent")
        assert refusal(lambda: approve(client)) == "POLICY_DENIED"
        assert list(client.accounts.list_agents("master")) == []
