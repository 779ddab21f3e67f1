from __future__ import annotations

import dataclasses
import json
from datetime import timedelta

import pytest
from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import (
    AuditUnavailable,
    EnvelopeCorrupt,
    FieldInvalid,
    KeyDisabled,
    KeyNotFound,
    KeyPurposeMismatch,
    KeyVersionNotFound,
    KeyVersionRetired,
    NetworkMismatch,
    PolicyDenied,
    RequestIdReused,
)
from signward_server.core.keys import KeyState, Purpose, VersionState
from signward_server.core.ports import Approval
from signward_server.flows.agents.approval_signing import Approved

from tests.fakes.spine.call import OTHER
from tests.unit.server.flows.agents.desk import SIGNATURE, Desk, agents_call, signer


@pytest.fixture
def desk() -> Desk:
    return Desk()


def body(approved: Approved) -> dict[str, object]:
    found = json.loads(approved.signature.post_body)
    assert isinstance(found, dict)
    return found


def test_an_agent_is_approved_and_remembered(desk: Desk) -> None:
    approved = desk.approve()
    agent = approved.agent
    assert (agent.address, agent.account) == (desk.address("bot"), desk.address("master"))
    assert (agent.key, agent.agent_key, agent.agent_version) == ("master", "bot", 1)
    assert (agent.name, agent.network, agent.nonce) == (
        "maker",
        "testnet",
        approved.signature.nonce,
    )
    assert (agent.expire_time, agent.end_time) == (None, None)
    assert agent.approve_time == desk.world.clock.now()
    assert desk.world.register.get(agent.address) == agent
    assert desk.signed_with() == [("master", 1)]


def test_the_body_is_the_approval_and_the_master_has_signed_it(desk: Desk) -> None:
    end = desk.later(days=30)
    approved = desk.approve(expire_time=end)
    posted = body(approved)
    milliseconds = int(end.timestamp() * 1000)
    assert posted["nonce"] == approved.signature.nonce
    assert posted["action"] == {
        "type": "approveAgent",
        "signatureChainId": "0x66eee",
        "hyperliquidChain": "Testnet",
        "agentAddress": desk.address("bot"),
        "agentName": f"maker valid_until {milliseconds}",
        "nonce": approved.signature.nonce,
    }
    message, _ = desk.world.custody.asked[0]
    assert signer(message, approved.signature) == desk.address("master")
    assert (approved.agent.name, approved.agent.expire_time) == ("maker", end)


def test_s14_the_signature_is_a_decision_of_its_own_for_the_caller(desk: Desk) -> None:
    call = agents_call("ApproveAgent")
    desk.approve(call=call)
    judged = [(j.action, j.key.id) for j in desk.world.policy.judged if j.action != "ViewKey"]
    assert judged == [("ApproveAgent", "bot"), (SIGNATURE, "master")]
    assert {j.identity for j in desk.world.policy.judged} == {call.identity}
    events = [(e.event, e.action, e.key, e.outcome) for e in desk.world.audit.entries]
    assert events == [
        (AuditEvent.SIGNATURE, SIGNATURE, "master", "OK"),
        (AuditEvent.ADMINISTRATION, "ApproveAgent", "bot", "OK"),
    ]
    assert desk.world.audit.entries[1].version == 1
    assert desk.address("bot") in desk.world.audit.entries[1].note
    assert desk.world.caps.reserved == 1
    assert [what for _, what, _, _ in desk.world.limits.admitted] == ["sign"]


@pytest.mark.parametrize("action", ["ApproveAgent", SIGNATURE])
def test_s14_either_denial_leaves_nothing(desk: Desk, action: str) -> None:
    desk.world.policy.denied.add(action)
    with pytest.raises(PolicyDenied):
        desk.approve()
    assert desk.world.register.get(desk.address("bot")) is None
    assert desk.world.custody.asked == []
    assert set(desk.world.audit.outcomes) == {"POLICY_DENIED"}


@pytest.mark.parametrize("hidden", ["master", "bot"])
def test_s39_a_key_that_cannot_be_seen_is_not_found(desk: Desk, hidden: str) -> None:
    desk.world.policy.rule = lambda j: j.key is None or j.key.id != hidden
    with pytest.raises(KeyNotFound):
        desk.approve()
    assert desk.world.audit.outcomes == ["KEY_NOT_FOUND"]


def test_s33_a_retry_gets_the_same_bytes_and_is_not_charged(desk: Desk) -> None:
    first = desk.approve(expire_time=desk.later(days=1))
    taken = list(desk.world.nonces.taken)
    again = desk.approve(expire_time=first.agent.expire_time)
    assert again == first
    assert desk.world.nonces.taken == taken
    assert (desk.world.caps.reserved, desk.world.caps.spent) == (2, 1)


def test_s33_it_is_never_forgotten(desk: Desk) -> None:
    first = desk.approve()
    desk.world.clock.advance(400 * 86400)
    desk.world.requests.known.clear()  # it was remembered for a while only
    assert desk.approve() == first
    assert len(desk.world.nonces.taken) == 1
    assert desk.world.caps.spent == 1


def test_s33_a_retry_is_signed_by_the_version_of_the_first_use(desk: Desk) -> None:
    first = desk.approve()
    desk.world.custody.forgotten.clear()
    versions = (VersionState.GRACE, VersionState.PRIMARY)
    _rotated(desk, versions)
    assert desk.approve() == first
    _rotated(desk, (VersionState.RETIRED, VersionState.PRIMARY))
    with pytest.raises(KeyVersionRetired):
        desk.approve()


def _rotated(desk: Desk, states: tuple[VersionState, VersionState]) -> None:
    """Give the master a second version, the first staying the pair that it is."""
    old = desk.master.versions[0]
    key = desk.key("master", versions=states)
    ends = desk.later(days=1)
    kept = dataclasses.replace(old, state=states[0], grace_end_time=ends)
    versions = (key.versions[0], kept)
    desk.world.catalogue.put(dataclasses.replace(key, versions=versions, primary_version=2))


def test_s33_a_retry_is_judged_again(desk: Desk) -> None:
    desk.approve()
    for action in ("ApproveAgent", SIGNATURE):
        desk.world.policy.denied.add(action)
        with pytest.raises(PolicyDenied):
            desk.approve()
        desk.world.policy.denied.clear()


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "other"},
        {"agent_version": 1},
        {"agent_key": "second"},
        {"expire_time": "tomorrow"},
    ],
)
def test_s33_a_request_id_is_for_one_content(desk: Desk, changes: dict[str, object]) -> None:
    desk.key("second")
    if "expire_time" in changes:
        changes = {"expire_time": desk.later(days=1)}
    desk.approve()
    with pytest.raises(RequestIdReused):
        desk.approve(**changes)


def test_s33_another_identity_has_requests_of_its_own(desk: Desk) -> None:
    desk.approve()
    call = agents_call("ApproveAgent", identity=OTHER)
    with pytest.raises(FieldInvalid):
        desk.approve(call=call)  # approved by another request


def test_an_agent_is_approved_by_one_request(desk: Desk) -> None:
    desk.approve()
    with pytest.raises(FieldInvalid) as raised:
        desk.approve("r9")
    assert [v.field for v in raised.value.violations] == ["agent_version"]
    assert len(desk.world.custody.asked) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"agent_key": "master"}, "agent_key"),
        ({"agent_version": 2}, None),
        ({"name": "", "expire_time": timedelta(days=1)}, "expire_time"),
        ({"expire_time": timedelta(0)}, "expire_time"),
        ({"expire_time": timedelta(days=180, milliseconds=1)}, "expire_time"),
    ],
)
def test_what_cannot_be_is_refused(
    desk: Desk, changes: dict[str, object], field: str | None
) -> None:
    if isinstance(span := changes.get("expire_time"), timedelta):
        changes = changes | {"expire_time": desk.world.clock.now() + span}
    with pytest.raises(FieldInvalid if field else KeyVersionNotFound) as raised:
        desk.approve(**changes)
    if isinstance(raised.value, FieldInvalid):
        assert [violation.field for violation in raised.value.violations] == [field]
    assert desk.world.custody.asked == []
    assert desk.world.nonces.taken == []


@pytest.mark.parametrize("days", [180, 0.0001])
def test_an_end_within_the_bounds_is_taken(desk: Desk, days: float) -> None:
    assert desk.approve(expire_time=desk.later(days=days)).agent.expire_time is not None


def test_both_keys_are_on_the_network_that_is_named(desk: Desk) -> None:
    desk.key("main", network="mainnet")
    for changes in ({"network": "mainnet"}, {"agent_key": "main"}, {"key_id": "main"}):
        with pytest.raises(NetworkMismatch):
            desk.approve(**changes)


def test_s31_a_master_that_is_pinned_to_a_vault_approves_nobody(desk: Desk) -> None:
    pinned = dataclasses.replace(desk.key("pinned"), vault_address="0x" + "ab" * 20)
    desk.world.catalogue.put(pinned)
    with pytest.raises(FieldInvalid) as raised:
        desk.approve(key_id="pinned")
    assert [v.field for v in raised.value.violations] == ["hyperliquid.approve_agent"]
    assert desk.world.register.get(desk.address("bot")) is None
    assert desk.world.custody.asked == []
    assert desk.world.nonces.taken == []


@pytest.mark.parametrize("role", ["key_id", "agent_key"])
def test_only_hyperliquid_keys_go_together(desk: Desk, role: str) -> None:
    desk.key("raw", purpose=Purpose.RAW, network="")
    with pytest.raises(KeyPurposeMismatch):
        desk.approve(**{role: "raw"})


@pytest.mark.parametrize(
    ("states", "chosen"),
    [
        ((VersionState.PRIMARY, VersionState.PENDING), 2),
        ((VersionState.GRACE, VersionState.PRIMARY), 2),
        ((VersionState.PRIMARY, VersionState.RETIRED), 1),
    ],
)
def test_the_newest_version_that_can_become_one_is_taken(
    desk: Desk, states: tuple[VersionState, ...], chosen: int
) -> None:
    desk.key("bot", versions=states)
    assert desk.approve().agent.agent_version == chosen


@pytest.mark.parametrize("state", [s for s in VersionState if s.name not in ("PRIMARY", "PENDING")])
def test_s31_a_version_that_is_over_is_never_approved(desk: Desk, state: VersionState) -> None:
    desk.key("bot", versions=(state, VersionState.PRIMARY))
    with pytest.raises(FieldInvalid) as raised:
        desk.approve(agent_version=1)
    assert [violation.field for violation in raised.value.violations] == ["agent_version"]


def test_s31_a_replaced_or_expired_agent_is_never_approved_again(desk: Desk) -> None:
    first = desk.approve(expire_time=desk.later(days=1))
    desk.key("second")
    desk.approve("r2", agent_key="second")  # under the same name
    with pytest.raises(FieldInvalid):
        desk.approve(expire_time=first.agent.expire_time)
    with pytest.raises(FieldInvalid):
        desk.approve("r3", name="else")
    desk.key("third")
    end = desk.later(days=1)
    desk.approve("r4", agent_key="third", name="brief", expire_time=end)
    desk.world.clock.advance(2 * 86400)
    with pytest.raises(FieldInvalid):
        desk.approve("r4", agent_key="third", name="brief", expire_time=end)


def test_s31_an_agent_of_another_account_is_not_taken_over(desk: Desk) -> None:
    desk.approve()
    desk.key("rival")
    with pytest.raises(FieldInvalid) as raised:
        desk.approve("r2", key_id="rival")
    assert "another account" in raised.value.violations[0].description


def test_a_disabled_master_approves_nobody(desk: Desk) -> None:
    desk.key("master", state=KeyState.DISABLED)
    with pytest.raises(KeyDisabled):
        desk.approve()
    assert desk.world.register.get(desk.address("bot")) is None


def test_s17_what_fails_its_mac_is_not_believed(desk: Desk) -> None:
    desk.world.register.damaged.add(desk.address("bot"))
    with pytest.raises(EnvelopeCorrupt):
        desk.approve()
    assert desk.world.custody.asked == []


def test_without_a_record_there_is_no_approval(desk: Desk) -> None:
    desk.world.audit.failing = True
    with pytest.raises(AuditUnavailable):
        desk.approve()
    assert desk.world.custody.asked == []
    desk.world.audit.failing, desk.world.audit.losing = False, True
    with pytest.raises(AuditUnavailable):
        desk.approve()


def test_s15_what_a_second_identity_has_approved_is_approved_for_its_retries_too(
    desk: Desk,
) -> None:
    desk.world.policy.rule = lambda j: j.action != SIGNATURE or j.approved
    with pytest.raises(PolicyDenied) as raised:
        desk.approve()
    digest = bytes.fromhex(raised.value.metadata["approval_digest"])
    end = desk.later(hours=1)
    desk.world.approvals.give(Approval(digest=digest, approver="cn:second", expire_time=end))
    first = desk.approve()
    assert desk.approve() == first
    with pytest.raises(PolicyDenied):
        desk.approve("r2", agent_key=desk.key("second").id)


def test_s33_of_the_same_request_twice_at_once_both_get_the_first_answer(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = desk.world.register.put

    def overtaken(agent, scope=None, content=b""):
        if scope is None:
            return put(agent)
        monkeypatch.setattr(desk.world.register, "put", put)
        put(agent, scope, content)
        raise RequestIdReused

    monkeypatch.setattr(desk.world.register, "put", overtaken)
    assert desk.approve() == desk.approve()
    assert len(desk.world.nonces.taken) == 1


def test_after_a_crash_the_request_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was signed and put there, but its request was not, nor did the answer leave."""
    put = desk.world.register.put

    def fail(agent, scope=None, content=b""):
        if scope is not None:
            raise KeyboardInterrupt
        return put(agent)

    monkeypatch.setattr(desk.world.register, "put", fail)
    with pytest.raises(KeyboardInterrupt):
        desk.approve()
    monkeypatch.setattr(desk.world.register, "put", put)
    approved = desk.approve()
    assert approved == desk.approve()
    assert len(desk.world.nonces.taken) == 1
