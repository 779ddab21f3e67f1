from __future__ import annotations

import pytest
from signward_server.core.errors import EnvelopeCorrupt, KeyNotFound, PolicyDenied
from signward_server.core.keys import Key

from tests.unit.server.flows.agents.desk import Desk, agents_call


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    for number in range(5):
        desk.key(f"bot-{number}")
        desk.approve(f"r{number}", agent_key=f"bot-{number}", name=f"n{number}")
        desk.world.clock.advance(1)
    return desk


def listed(desk: Desk, before: str = "", size: int = 10, key: str = "master"):
    page = desk.world.agent_flows.listing.page(agents_call("ListAgents"), key, before, size)
    return [agent.agent_key for agent in page.agents], page.following


def test_agents_are_newest_first_page_by_page(desk: Desk) -> None:
    assert listed(desk) == ([f"bot-{n}" for n in (4, 3, 2, 1, 0)], "")
    names, following = listed(desk, size=2)
    assert names == ["bot-4", "bot-3"]
    names, following = listed(desk, following, 2)
    assert names == ["bot-2", "bot-1"]
    assert listed(desk, following, 2) == (["bot-0"], "")


def test_the_ended_are_shown_and_those_of_others_are_not(desk: Desk) -> None:
    desk.end(desk.address("bot-3"))
    assert listed(desk)[0] == [f"bot-{n}" for n in (4, 3, 2, 1, 0)]
    desk.key("rival")
    assert listed(desk, key="rival") == ([], "")


def test_s39_agents_whose_keys_cannot_be_seen_are_left_out(desk: Desk) -> None:
    desk.world.policy.rule = lambda j: j.key is None or j.key.id not in ("bot-4", "bot-1")
    assert listed(desk)[0] == ["bot-3", "bot-2", "bot-0"]
    names, following = listed(desk, size=2)
    assert names == ["bot-3", "bot-2"]
    assert listed(desk, following, 2) == (["bot-0"], "")


def test_an_agent_whose_key_is_damaged_is_left_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = desk.world.catalogue.get

    def damaged(key_id: str) -> Key | None:
        if key_id == "bot-2":
            raise EnvelopeCorrupt
        return get(key_id)

    monkeypatch.setattr(desk.world.catalogue, "get", damaged)
    assert listed(desk)[0] == [f"bot-{n}" for n in (4, 3, 1, 0)]


def test_who_may_not_sees_none(desk: Desk) -> None:
    desk.world.policy.denied.add("ListAgents")
    with pytest.raises(PolicyDenied):
        listed(desk)
    desk.world.policy.denied.add("ViewKey")
    with pytest.raises(KeyNotFound):
        listed(desk)
