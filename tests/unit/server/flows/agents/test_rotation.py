from __future__ import annotations

import json

import pytest
from signward_server.core.errors import (
    AgentNotFound,
    EtagMismatch,
    FieldInvalid,
    KeyNotFound,
    PolicyDenied,
    RequestIdReused,
    StoreUnavailable,
)
from signward_server.core.keys import Key, VersionState

from tests.unit.server.flows.agents.desk import SIGNATURE, Desk


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.approve()
    return desk


def bot(desk: Desk) -> Key:
    key = desk.world.catalogue.get("bot")
    assert key is not None
    return key


def states(desk: Desk) -> list[str]:
    return [version.state.name for version in bot(desk).versions]


def test_a_new_version_is_approved_under_the_same_name(desk: Desk) -> None:
    rotated = desk.rotate()
    assert (rotated.agent.agent_version, rotated.agent.name) == (2, "maker")
    assert rotated.agent.address == desk.address("bot", 2) != desk.address("bot", 1)
    assert states(desk) == ["PENDING", "PRIMARY"]
    action = json.loads(rotated.signature.post_body)["action"]
    assert (action["agentAddress"], action["agentName"]) == (rotated.agent.address, "maker")
    assert [a.agent_version for a in desk.world.register.page("master", "", 9)] == [2, 1]


def test_s14_rotation_and_signature_are_judged_for_the_caller(desk: Desk) -> None:
    desk.world.policy.judged.clear()
    desk.rotate()
    judged = [(j.action, j.key.id) for j in desk.world.policy.judged if j.action != "ViewKey"]
    assert judged == [("RotateAgent", "bot"), (SIGNATURE, "master")]
    entry = desk.world.audit.entries[-1]
    assert (entry.action, entry.key, entry.version, entry.outcome) == (
        "RotateAgent",
        "bot",
        2,
        "OK",
    )


def test_s33_a_retry_makes_no_version(desk: Desk) -> None:
    first = desk.rotate()
    desk.world.requests.known.clear()
    assert desk.rotate() == first
    assert states(desk) == ["PENDING", "PRIMARY"]
    with pytest.raises(RequestIdReused):
        desk.rotate(expire_time=desk.later(days=1))


def test_the_next_rotation_supersedes_what_was_pending(desk: Desk) -> None:
    first = desk.rotate()
    second = desk.rotate("r3", expire_time=desk.later(days=1))
    assert second.agent.agent_version == 3
    assert states(desk) == ["PENDING", "RETIRED", "PRIMARY"]
    assert second.agent.expire_time == desk.later(days=1)
    with pytest.raises(FieldInvalid):
        desk.rotate()  # its version is over
    assert desk.world.register.get(first.agent.address) == first.agent


def test_a_denied_signature_leaves_a_pending_version_that_a_retry_takes(desk: Desk) -> None:
    desk.world.policy.denied.add(SIGNATURE)
    with pytest.raises(PolicyDenied):
        desk.rotate()
    assert states(desk) == ["PENDING", "PRIMARY"]
    entry = desk.world.audit.entries[-1]
    assert (entry.action, entry.version, entry.outcome) == ("RotateAgent", 2, "POLICY_DENIED")
    desk.world.policy.denied.clear()
    assert desk.rotate().agent.agent_version == 2
    assert states(desk) == ["PENDING", "PRIMARY"]


def test_who_may_not_rotate_makes_no_version(desk: Desk) -> None:
    desk.world.policy.denied.add("RotateAgent")
    with pytest.raises(PolicyDenied):
        desk.rotate()
    assert states(desk) == ["PRIMARY"]


def test_only_an_agent_of_this_master_is_rotated(desk: Desk) -> None:
    desk.key("second")
    desk.key("rival")
    for changes in ({"agent_key": "second"}, {"key_id": "rival"}):
        with pytest.raises(AgentNotFound):
            desk.rotate(**changes)
    with pytest.raises(KeyNotFound):
        desk.rotate(agent_key="nobody")
    assert states(desk) == ["PRIMARY"]


def test_an_ended_agent_gets_a_new_key_pair(desk: Desk) -> None:
    desk.end(desk.address("bot"))
    rotated = desk.rotate()
    assert (rotated.agent.agent_version, rotated.agent.name) == (2, "maker")
    assert states(desk) == ["PENDING", "RETIRED"]
    desk.world.rotation.activate(_call(), "bot", 2)
    assert states(desk) == ["PRIMARY", "RETIRED"]


def test_an_agent_without_a_name_cannot_have_an_end(desk: Desk) -> None:
    desk.key("second")
    desk.approve("r8", agent_key="second", name="")
    with pytest.raises(FieldInvalid):
        desk.rotate(agent_key="second", expire_time=desk.later(days=1))
    assert desk.rotate("r9", agent_key="second").agent.name == ""


def test_of_two_at_once_one_makes_the_version(desk: Desk) -> None:
    replace = desk.world.catalogue.replace

    def interrupted(key, revision, **more):
        desk.world.catalogue.replace = replace  # type: ignore[method-assign]
        desk.rotate()
        raise EtagMismatch

    desk.world.catalogue.replace = interrupted  # type: ignore[method-assign]
    assert desk.rotate() == desk.rotate()
    assert states(desk) == ["PENDING", "PRIMARY"]


def test_another_change_at_once_is_told(desk: Desk) -> None:
    def interrupted(key, revision, **more):
        raise EtagMismatch

    desk.world.catalogue.replace = interrupted  # type: ignore[method-assign]
    with pytest.raises(EtagMismatch):
        desk.rotate()


def test_a_store_that_fails_makes_nothing(desk: Desk) -> None:
    def failing(key, revision, **more):
        raise StoreUnavailable

    desk.world.catalogue.replace = failing  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable):
        desk.rotate()
    assert [version.state for version in bot(desk).versions] == [VersionState.PRIMARY]


def _call():
    from tests.fakes.spine.call import FakeCall

    return FakeCall()
