from __future__ import annotations

import pytest
from signward_server.core.errors import (
    AgentNotFound,
    EnvelopeCorrupt,
    FieldInvalid,
    KeyNotFound,
    KeyVersionRetired,
    PolicyDenied,
)
from signward_server.core.keys import VersionState
from signward_server.core.payloads import HyperliquidPayload
from signward_server.core.signing import SignRequest

from tests.unit.server.flows.agents.desk import Desk, agents_call


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.approve()
    return desk


def noop(key: str = "bot", version: int = 0) -> SignRequest:
    return SignRequest(key, version, b"", "", HyperliquidPayload("noop", {}))


def approval(address: str, name: str = "maker") -> SignRequest:
    action = {"agent_address": address, "agent_name": name}
    return SignRequest("master", 0, b"", "", HyperliquidPayload("approve_agent", action))


def test_an_ended_agent_signs_nothing_more(desk: Desk) -> None:
    assert desk.sign(noop())
    ended = desk.end(desk.address("bot"), "stolen")
    assert ended.end_time == desk.world.clock.now()
    for version in (0, 1):
        with pytest.raises(KeyVersionRetired):
            desk.sign(noop(version=version))
    assert desk.world.custody.forgotten[-1] == "bot"
    entry = desk.world.audit.entries[-3]
    assert (entry.action, entry.key, entry.outcome) == ("ExpireAgent", "master", "OK")
    assert "stolen" in entry.note
    assert ended.address in entry.note


def test_s31_an_ended_agent_is_never_approved_again(desk: Desk) -> None:
    address = desk.address("bot")
    desk.end(address)
    for again in (
        desk.approve,
        lambda: desk.approve("r7", agent_version=1),
        lambda: desk.sign(approval(address)),
    ):
        with pytest.raises(FieldInvalid):
            again()
    assert desk.signed_with() == [("master", 1)]


@pytest.mark.parametrize("version", [0, 1])
def test_whoever_approves_an_ended_one_is_told_to_rotate_it(desk: Desk, version: int) -> None:
    desk.end(desk.address("bot"))
    with pytest.raises(FieldInvalid) as raised:
        desk.approve("r7", agent_version=version)
    (violation,) = raised.value.violations
    assert violation.field == "agent_version"
    assert "rotate the agent" in violation.description
    assert desk.rotate().agent.agent_version == 2


def test_s31_an_end_outlives_the_state_of_the_version(desk: Desk) -> None:
    """As if a row of the key came back from before the end."""
    desk.end(desk.address("bot"))
    desk.world.catalogue.put(desk.bot)
    with pytest.raises(FieldInvalid) as raised:
        desk.approve("r7")
    description = raised.value.violations[0].description
    assert "never approved again" in description
    assert "rotate the agent" in description


def test_s13_ending_an_ended_one_succeeds_and_changes_nothing(desk: Desk) -> None:
    first = desk.end(desk.address("bot"))
    desk.world.clock.advance(60)
    assert desk.end(desk.address("bot")) == first
    key = desk.world.catalogue.get("bot")
    assert key is not None
    assert [version.state for version in key.versions] == [VersionState.RETIRED]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (VersionState.PENDING, VersionState.RETIRED),
        (VersionState.PRIMARY, VersionState.RETIRED),
        (VersionState.GRACE, VersionState.RETIRED),
        (VersionState.RETIRED, VersionState.RETIRED),
        (VersionState.DESTROY_SCHEDULED, VersionState.DESTROY_SCHEDULED),
        (VersionState.DESTROYED, VersionState.DESTROYED),
    ],
)
def test_a_version_ends_whatever_it_is(
    desk: Desk, before: VersionState, after: VersionState
) -> None:
    import dataclasses

    address = desk.address("bot")
    version = dataclasses.replace(desk.bot.versions[0], state=before)
    if before is VersionState.GRACE:
        version = dataclasses.replace(version, grace_end_time=desk.later(days=1))
    desk.world.catalogue.put(dataclasses.replace(desk.bot, versions=(version,)))
    assert desk.end(address).end_time is not None
    key = desk.world.catalogue.get("bot")
    assert key is not None
    assert key.versions[0].state is after
    if before is VersionState.GRACE:
        assert key.versions[0].grace_end_time == desk.world.clock.now()


def test_other_versions_go_on(desk: Desk) -> None:
    old = desk.address("bot")
    desk.rotate()
    desk.world.rotation.activate(agents_call("x"), "bot", 2)
    desk.end(old)
    assert desk.sign(noop())
    with pytest.raises(KeyVersionRetired):
        desk.sign(noop(version=1))


def test_only_an_agent_of_this_master_is_ended(desk: Desk) -> None:
    desk.key("rival")
    with pytest.raises(AgentNotFound):
        desk.end(desk.address("bot"), key_id="rival")
    with pytest.raises(AgentNotFound):
        desk.end("0x" + "1" * 40)
    with pytest.raises(KeyNotFound):
        desk.end(desk.address("bot"), key_id="nobody")
    assert desk.sign(noop())


def test_s39_an_agent_whose_key_cannot_be_seen_is_not_found(desk: Desk) -> None:
    address = desk.address("bot")
    desk.world.policy.rule = lambda j: j.key is None or j.key.id != "bot"
    with pytest.raises(AgentNotFound):
        desk.end(address)


def test_who_may_not_ends_nothing(desk: Desk) -> None:
    desk.world.policy.denied.add("ExpireAgent")
    with pytest.raises(PolicyDenied):
        desk.end(desk.address("bot"))
    assert desk.sign(noop())


def test_s17_what_fails_its_mac_is_told(desk: Desk) -> None:
    desk.world.register.damaged.add(desk.address("bot"))
    with pytest.raises(EnvelopeCorrupt):
        desk.end(desk.address("bot"))
