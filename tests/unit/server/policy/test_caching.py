"""Decisions that are remembered: only final ones, and only as long as they hold."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace

import cedarpy
import pytest
from signward_server.core.errors import PolicyDenied, PolicyError
from signward_server.core.identity import Authentication, Identity, IdentityKind
from signward_server.core.keys import VersionState
from signward_server.policy import snapshot
from signward_server.policy.groups import Groups
from signward_server.policy.question import Asker

from tests.fakes.catalogue_keys import catalogue_key, key_version
from tests.unit.server.policy.desk import BOT, CALLER, GROUPS, KEY, Desk, compiled, order, raw

OWNERS = "permit(principal, action, resource is Key) when {resource.owner == principal};"
NOTHING = "// nothing\n"


class Questions:
    """Counts what Cedar is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, *args: object) -> cedarpy.AuthzResult:
        self.asked += 1
        return self._ask(*args)

    _ask = staticmethod(cedarpy.is_authorized)


@pytest.fixture
def cedar(monkeypatch: pytest.MonkeyPatch) -> Iterator[Questions]:
    questions = Questions()
    monkeypatch.setattr(cedarpy, "is_authorized", questions)
    yield questions
    assert questions.asked


def refused(desk: Desk, **options: object) -> bool:
    try:
        desk.act("GetKey", **options)
    except PolicyDenied:
        return True
    return False


def test_s09_a_final_decision_is_made_once(cedar: Questions) -> None:
    desk = Desk(OWNERS)
    for _ in range(3):
        desk.act("GetKey")
        desk.sign(raw(size=5))
        desk.sign(raw(size=6))
        with pytest.raises(PolicyDenied):
            desk.act("ListKeys", key=None)
    assert cedar.asked == 3


@pytest.mark.parametrize(
    "condition", ["context.approved", "context has approved && context.approved"]
)
def test_s09_an_approval_counts_for_one_decision_alone(cedar: Questions, condition: str) -> None:
    desk = Desk(
        f'permit(principal, action == Action::"SignRawDigest", resource) when {{{condition}}};'
    )
    intent = raw(action="SignRawDigest")
    for approved in (False, True, False, True, False):
        if approved:
            desk.sign(intent, approved=True)
        else:
            with pytest.raises(PolicyDenied):
                desk.sign(intent)
    assert cedar.asked == 5


def test_s15_an_approval_means_nothing_where_no_policy_asks_for_it(cedar: Questions) -> None:
    desk = Desk('permit(principal, action == Action::"SignRaw", resource);')
    with pytest.raises(PolicyDenied):
        desk.sign(raw(action="SignRawDigest"), approved=True)
    desk.sign(raw(), approved=True)
    assert cedar.asked == 2


def test_s09_a_decision_that_depends_on_the_context_is_made_anew(cedar: Questions) -> None:
    desk = Desk(
        'permit(principal, action == Action::"SignOrder", resource)'
        " when {context.order.notional < 100};"
    )
    for notional in (99, 100, 0, 101):
        if notional < 100:
            desk.sign(order(notional=notional))
        else:
            with pytest.raises(PolicyDenied):
                desk.sign(order(notional=notional))
    assert cedar.asked == 4


def test_s09_an_error_is_not_remembered(cedar: Questions) -> None:
    overflow = 'resource == Key::"hot" && -9223372036854775807 - 9 < 0'
    desk = Desk(OWNERS, f"forbid(principal, action, resource) when {{{overflow}}};")
    for _ in range(3):
        with pytest.raises(PolicyError):
            desk.act("GetKey")
    assert cedar.asked == 3


def test_s09_each_way_of_authentication_has_its_own_decision() -> None:
    desk = Desk(
        'permit(principal, action, resource) when {context.authentication == "certificate"};'
    )
    for _ in range(2):
        desk.act("GetKey")
        assert refused(desk, caller=Asker(BOT, Authentication.API_KEY))
        assert refused(desk, caller=Asker(BOT, Authentication.CERTIFICATE_AND_API_KEY))


def test_s09_each_kind_of_identity_has_its_own_decision() -> None:
    desk = Desk('permit(principal == Identity::"cn:bot", action, resource);')
    for _ in range(2):
        desk.act("GetKey")
        for kind in (IdentityKind.DNS, IdentityKind.API_KEY, IdentityKind.SPIFFE):
            assert refused(desk, caller=Asker(Identity(kind, "bot")))


def test_s09_each_version_has_its_own_decision() -> None:
    desk = Desk(
        'permit(principal, action == Action::"SignRaw", resource)'
        ' when {context.version.state == "primary"};'
    )
    old = key_version("hot", 1, state=VersionState.GRACE)
    key = catalogue_key("hot", versions=(key_version("hot", 2), old), primary_version=2)
    for _ in range(2):
        desk.sign(raw(), key=key)
        with pytest.raises(PolicyDenied):
            desk.sign(raw(), key=key, version=old)


def test_s09_a_decision_ends_with_the_snapshot_of_the_key() -> None:
    desk = Desk(OWNERS)
    desk.act("GetKey")
    desk.sign(raw())
    moved = replace(KEY, owner="cn:other", revision=2)
    assert refused(desk, key=moved)
    with pytest.raises(PolicyDenied):
        desk.sign(raw(), key=moved)
    assert not refused(desk, key=KEY)
    retired = replace(KEY, versions=(replace(KEY.versions[0], state=VersionState.RETIRED),))
    desk = Desk(
        'permit(principal, action == Action::"SignRaw", resource)'
        ' when {resource.version_state == "primary"};'
    )
    desk.sign(raw())
    with pytest.raises(PolicyDenied):
        desk.sign(raw(), key=KEY, version=retired.versions[0])


def test_s11_other_policies_are_in_force_at_once() -> None:
    desk = Desk(OWNERS)
    before = desk.engine.generation
    desk.act("GetKey")
    desk.engine.replace(compiled(NOTHING), GROUPS)
    assert desk.engine.generation is not before
    assert refused(desk)
    desk.engine.replace(compiled(OWNERS), GROUPS)
    assert not refused(desk)


def test_s11_other_groups_are_in_force_at_once() -> None:
    policies = 'permit(principal in Group::"bots", action, resource);'
    desk = Desk(policies)
    before = desk.engine.generation
    desk.act("GetKey")
    desk.engine.replace(desk.engine.policies, Groups({"bots": []}))
    assert desk.engine.generation is not before
    assert desk.engine.groups.names == {"bots"}
    assert refused(desk)


@pytest.mark.parametrize("text", [OWNERS, OWNERS.replace("};", " && context has time};")])
def test_what_is_remembered_is_bounded(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "_MAX_RECENT", 16)
    monkeypatch.setattr(snapshot, "_MAX_ASKING", 2)
    desk = Desk(text)
    keys = [catalogue_key(f"k{n}", owner="cn:bot" if n % 2 else "cn:x") for n in range(50)]
    for _ in range(2):
        for n, key in enumerate(keys):
            assert refused(desk, key=key) is not bool(n % 2)
            assert refused(desk, key=key, caller=Asker(Identity(IdentityKind.CN, f"c{n}")))
    state = desk.engine._snapshot
    bound = 16 if text == OWNERS else 2
    assert 0 < len(state.recent) <= bound
    assert 0 < len(state._earlier) <= bound
    assert 0 < len(state._asking) <= 2


def test_an_earlier_decision_is_found_again(
    monkeypatch: pytest.MonkeyPatch, cedar: Questions
) -> None:
    monkeypatch.setattr(snapshot, "_MAX_RECENT", 4)
    desk = Desk(OWNERS)
    desk.act("GetKey")
    others = [catalogue_key(f"k{n}") for n in range(3)]
    for key in others:
        desk.act("GetKey", key=key)
    asked = cedar.asked
    desk.act("GetKey")
    assert cedar.asked == asked
    assert refused(desk, key=replace(KEY, owner="cn:other"))


def test_what_is_asked_for_all_the_time_outlasts_a_scan_of_many_keys(
    monkeypatch: pytest.MonkeyPatch, cedar: Questions
) -> None:
    monkeypatch.setattr(snapshot, "_MAX_RECENT", 16)
    desk = Desk(OWNERS)
    scanned = [catalogue_key(f"k{n}") for n in range(200)]
    for number, key in enumerate(scanned):
        desk.act("GetKey", key=key)
        if number % 8 == 0:
            desk.act("GetKey")
    assert cedar.asked == len(scanned) + 1


def test_sets_of_policies_are_shared_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f'permit(principal == Identity::"cn:b{n}", action, resource);' for n in range(20)]
    monkeypatch.setattr(snapshot, "_MAX_HELD", 5)
    desk = Desk(*texts)
    keys = [catalogue_key(f"k{n}") for n in range(3)]
    for n in range(20):
        caller = Asker(Identity(IdentityKind.CN, f"b{n}"))
        for key in keys:
            desk.act("GetKey", caller=caller, key=key)
    assert refused(desk)
    assert len(desk.engine._snapshot._sets) <= 6  # one of no policies at all


def test_snapshots_of_keys_are_let_go_with_the_policies() -> None:
    desk = Desk(OWNERS)
    key = catalogue_key("gone")
    count = sys.getrefcount(key)
    desk.act("GetKey", key=key)
    assert sys.getrefcount(key) > count
    desk.engine.replace(compiled(OWNERS), GROUPS)
    gc.collect()
    assert sys.getrefcount(key) == count


def test_threads_share_decisions_while_policies_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "_MAX_RECENT", 8)
    desk = Desk(OWNERS)
    keys = [catalogue_key(f"k{n}", owner="cn:bot" if n % 2 else "cn:x") for n in range(20)]
    wrong: list[str] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            for n, key in enumerate(keys):
                if refused(desk, key=key, caller=CALLER) is bool(n % 2):
                    wrong.append(key.id)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for n in range(30):
        desk.engine.replace(compiled(f"{OWNERS}\n// {n}"), GROUPS)
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    ("action", "condition", "asks"),
    [
        ('action == Action::"SignRawDigest"', "context.approved", True),
        ('action == Action::"SignRawDigest"', "context has approved && context.approved", True),
        ('action == Action::"SignRawDigest"', "context == context", True),
        ("action", "context has approved && context.approved", True),
        ('action == Action::"SignRawDigest"', "context.raw.size == 32", False),
        ('action == Action::"SignRaw"', "context == context", False),
    ],
)
def test_s15_approvals_are_looked_for_where_a_policy_asks_for_them(
    action: str, condition: str, asks: bool
) -> None:
    for effect in ("permit", "forbid"):
        text = f"{effect}(principal, {action}, resource) when {{ {condition} }};"
        desk = Desk(OWNERS, text)
        assert desk.engine.generation.asks_approval("SignRawDigest") is asks
        assert not desk.engine.generation.asks_approval("SignRaw")
