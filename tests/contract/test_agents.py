"""What every register of agents must do, whatever it is stored in."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from signward_server.core.agents import Agent
from signward_server.core.errors import EtagMismatch, RequestIdReused
from signward_server.core.ports import AgentRegister, RequestScope

from tests.contract.stores import STORES
from tests.fakes.spine.agent_register import APPROVED, FakeAgentRegister, agent

LATER = APPROVED + timedelta(days=1)
Reopen = Callable[[], AgentRegister]


@pytest.fixture(params=["fake", *sorted(STORES)])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reopen]:
    """Loads the same agents again, as the next start would."""
    if request.param == "fake":
        fake = FakeAgentRegister()
        yield lambda: fake
        return
    bench = STORES[request.param](tmp_path)
    yield lambda: bench.store().agents(bench.rows)
    bench.close()


def scope(request_id: str = "r1", key: str = "master") -> RequestScope:
    return RequestScope("cn:desk", "/signward.v1.AccountService/ApproveAgent", key, request_id)


def test_there_are_none_at_first(reopen: Reopen) -> None:
    agents = reopen()
    assert agents.get(agent().address) is None
    assert agents.of_version("agent-a", 1) is None
    assert agents.of_name(agent().account, "testnet", "bot a") is None
    assert agents.page("master", "", 10) == []
    assert agents.approved_by(scope(), b"c" * 32) is None
    assert not agents.is_requested(agent().address)


@pytest.mark.parametrize(
    "made",
    [
        agent(),
        agent(name=""),
        agent(expire_time=LATER, end_time=LATER + timedelta(microseconds=1)),
        agent(nonce=2**63 - 1, agent_version=10_000),
    ],
)
def test_an_agent_comes_back_as_it_was(reopen: Reopen, made: Agent) -> None:
    assert reopen().put(made) == made
    agents = reopen()
    assert agents.get(made.address) == made == agents.of_version("agent-a", made.agent_version)
    assert agents.of_name(made.account, made.network, made.name) == made
    assert agents.page("master", "", 10) == [made]


def test_s13_what_was_ended_stays_ended(reopen: Reopen) -> None:
    agents = reopen()
    agents.put(agent(end_time=LATER))
    for again in (agents, reopen()):
        kept = again.put(agent(nonce=agent().nonce + 1, end_time=None))
        assert kept.end_time == LATER
        assert again.get(agent().address) == kept
        assert again.put(agent(end_time=LATER + timedelta(days=1))).end_time == LATER


def test_s33_a_request_is_found_again_for_good(reopen: Reopen) -> None:
    agents = reopen()
    agents.put(agent())  # signing has put it there
    assert not agents.is_requested(agent().address)
    agents.put(agent(), scope(), b"c" * 32)
    agents.put(agent("b"))
    agents.put(agent(end_time=LATER))
    for again in (agents, reopen()):
        assert again.approved_by(scope(), b"c" * 32) == agent(end_time=LATER)
        assert again.approved_by(scope("r2"), b"c" * 32) is None
        assert again.is_requested(agent().address)
        assert not again.is_requested(agent("b").address)
        with pytest.raises(RequestIdReused):
            again.approved_by(scope(), b"d" * 32)


def test_s33_a_request_approves_one_agent_and_an_agent_has_one_request(reopen: Reopen) -> None:
    agents = reopen()
    agents.put(agent(), scope(), b"c" * 32)
    with pytest.raises(RequestIdReused):
        agents.put(agent("b"), scope(), b"c" * 32)
    with pytest.raises(EtagMismatch):
        agents.put(agent(), scope("r2"), b"c" * 32)
    for again in (agents, reopen()):
        assert again.page("master", "", 10) == [agent()]
        assert again.approved_by(scope(), b"c" * 32) == agent()
        assert again.approved_by(scope("r2"), b"c" * 32) is None


def test_s31_an_address_is_of_one_account(reopen: Reopen) -> None:
    agents = reopen()
    agents.put(agent())
    for again in (agents, reopen()):
        with pytest.raises(EtagMismatch):
            again.put(agent(account="0x" + "e" * 40, nonce=agent().nonce + 1))
        assert again.get(agent().address) == agent()


def test_the_newest_approval_has_the_name(reopen: Reopen) -> None:
    agents = reopen()
    older, newer = agent("a", name="bot", nonce=5), agent("b", name="bot", nonce=6)
    agents.put(newer)
    agents.put(older)
    agents.put(agent("c", name="bot", nonce=9, account="0x" + "e" * 40))
    agents.put(agent("d", name="bot", nonce=9, network="mainnet"))
    for again in (agents, reopen()):
        assert again.of_name(older.account, "testnet", "bot") == newer


def test_pages_are_newest_first_and_limited(reopen: Reopen) -> None:
    agents = reopen()
    made = [
        agent(name, approve_time=APPROVED + timedelta(seconds=age))
        for name, age in (("c", 3), ("a", 1), ("d", 3), ("b", 2))
    ]
    for each in made:
        agents.put(each)
    agents.put(agent("e", key="other"))
    ordered = [made[2], made[0], made[3], made[1]]
    for again in (agents, reopen()):
        assert again.page("master", "", 10) == ordered
        assert again.page("master", "", 3) == ordered[:3]
        assert again.page("master", ordered[1].address, 10) == ordered[2:]
        assert again.page("master", ordered[-1].address, 10) == []
        assert again.page("nobody", "", 10) == []


def test_a_change_is_of_the_whole_agent(reopen: Reopen) -> None:
    agents = reopen()
    agents.put(agent())
    changed = dataclasses.replace(agent(), nonce=agent().nonce + 1, name="else", expire_time=LATER)
    agents.put(changed)
    for again in (agents, reopen()):
        assert again.get(agent().address) == changed
        assert again.of_name(changed.account, "testnet", "else") == changed
