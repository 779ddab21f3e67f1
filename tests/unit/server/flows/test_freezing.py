"""Freezing keys, and letting them sign again."""

from __future__ import annotations

import dataclasses

import pytest
from signward_server.core.errors import (
    AuditUnavailable,
    Cancelled,
    DeadlineExceeded,
    EnvelopeCorrupt,
    EtagMismatch,
    KeyFrozen,
    KeyNotFound,
    PolicyDenied,
    PolicyError,
    StoreUnavailable,
)
from signward_server.core.keys import CustodyKind, Freeze, Key, KeyState
from signward_server.flows import freezing
from signward_server.flows.key_requests import KeyFilter

from tests.fakes.spine.call import FakeCall
from tests.fakes.spine.judges import Judgement
from tests.fakes.spine.world import World, raw

METHOD = "/signward.v1.AdminService/FreezeKey"
NONE, CANCEL_ONLY, ALL = Freeze.NONE, Freeze.CANCEL_ONLY, Freeze.ALL
DESK_A = KeyFilter(labels={"desk": "a"})
MODES = pytest.mark.parametrize("mode", [NONE, CANCEL_ONLY, ALL])
Target = str | KeyFilter


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def desks(world: World) -> World:
    """Two keys of desk a, one of desk b; one of desk a that cannot be seen."""
    world.key("a-1", labels={"desk": "a"})
    world.key("a-2", labels={"desk": "a", "app": "maker"})
    world.key("a-hidden", labels={"desk": "a"})
    world.key("b-1", labels={"desk": "b"})
    world.policy.rule = lambda j: j.key is None or j.key.id != "a-hidden"
    return world


def _call(**arguments: object) -> FakeCall:
    return FakeCall(method=METHOD, **arguments)  # type: ignore[arg-type]


def _set(world: World, target: Target, mode: Freeze, call: FakeCall | None = None) -> list[str]:
    call = call or _call()
    if mode is NONE:
        return list(world.freezing.unfreeze(call, target, "why"))
    return list(world.freezing.freeze(call, target, mode, "why"))


def _modes(world: World) -> dict[str, Freeze]:
    return {key.id: key.freeze for key in world.catalogue.page("", 100)}


@MODES
@pytest.mark.parametrize("before", [NONE, CANCEL_ONLY, ALL])
def test_a_key_is_put_into_a_mode_whatever_it_was_in(
    world: World, before: Freeze, mode: Freeze
) -> None:
    key = world.key(freeze=before, labels={"desk": "a"}, state=KeyState.DISABLED)
    assert _set(world, key.id, mode) == [key.id]
    stored = world.catalogue.get(key.id)
    assert stored == dataclasses.replace(
        key, freeze=mode, revision=key.revision + (before is not mode)
    )
    assert world.custody.forgotten == ([key.id] if mode is ALL else [])
    (entry,) = world.audit.entries
    action = "UnfreezeKey" if mode is NONE else "FreezeKey"
    assert (entry.action, entry.key, entry.outcome, entry.note) == (action, key.id, "OK", "why")


@MODES
def test_labels_choose_what_the_caller_may_see_and_nothing_else(desks: World, mode: Freeze) -> None:
    start = CANCEL_ONLY if mode is NONE else NONE
    for key in desks.catalogue.page("", 100):
        desks.catalogue.put(dataclasses.replace(key, freeze=start))
    assert _set(desks, DESK_A, mode) == ["a-1", "a-2"]
    assert _modes(desks) == {"a-1": mode, "a-2": mode, "a-hidden": start, "b-1": start}
    assert desks.custody.forgotten == (["a-1", "a-2"] if mode is ALL else [])
    action = "UnfreezeKey" if mode is NONE else "FreezeKey"
    assert [(e.action, e.key, e.outcome, e.note) for e in desks.audit.entries] == [
        (action, key_id, "OK", "why") for key_id in ("a-1", "a-2", "")
    ]


def test_every_label_must_match(desks: World) -> None:
    wanted = KeyFilter(labels={"desk": "a", "app": "maker"})
    assert _set(desks, wanted, ALL) == ["a-2"]
    assert _set(desks, KeyFilter(labels={"desk": "a", "app": "taker"}), ALL) == []


def test_labels_that_no_key_has_are_fine_and_recorded(desks: World) -> None:
    before = _modes(desks)
    assert _set(desks, KeyFilter(labels={"desk": "z"}), ALL) == []
    assert _modes(desks) == before
    assert desks.audit.outcomes == ["OK"]


def test_a_key_that_is_so_already_is_named_left_and_wiped_again(desks: World) -> None:
    frozen = desks.catalogue.put(dataclasses.replace(_get(desks, "a-1"), freeze=ALL))
    assert _set(desks, DESK_A, ALL) == ["a-1", "a-2"]
    assert desks.catalogue.get("a-1") is frozen
    assert desks.custody.forgotten == ["a-1", "a-2"]


def test_s39_a_key_that_one_may_not_see_is_no_key(world: World) -> None:
    world.key(labels={"desk": "a"})
    world.policy.denied.add("ViewKey")
    for key_id in ("bot-key", "missing"):
        for mode in (NONE, ALL):
            with pytest.raises(KeyNotFound):
                _set(world, key_id, mode)
    assert _set(world, DESK_A, ALL) == []
    assert _modes(world) == {"bot-key": NONE}
    actions = {judgement.action for judgement in world.policy.judged}
    assert actions == {"ViewKey"}  # asked first, and nothing after it


@MODES
@pytest.mark.parametrize("error", [PolicyDenied, PolicyError])
def test_s39_one_visible_key_that_one_may_not_change_stops_all(
    desks: World, mode: Freeze, error: type[Exception]
) -> None:
    start = ALL if mode is NONE else NONE
    for key in desks.catalogue.page("", 100):
        desks.catalogue.put(dataclasses.replace(key, freeze=start))
    before = [desks.catalogue.get(name) for name in _modes(desks)]
    visible = desks.policy.rule

    def rule(judgement: Judgement) -> bool:
        if judgement.action in {"FreezeKey", "UnfreezeKey"} and judgement.key is not None:
            if judgement.key.id == "a-2":
                raise error
            return True
        return visible(judgement)

    desks.policy.rule = rule
    with pytest.raises(error):
        _set(desks, DESK_A, mode)
    assert [desks.catalogue.get(name) for name in _modes(desks)] == before
    assert desks.custody.forgotten == []
    (outcome,) = desks.audit.outcomes
    assert outcome == error.reason  # type: ignore[attr-defined]


@pytest.mark.parametrize("target", ["a-1", DESK_A])
@pytest.mark.parametrize(("mode", "action"), [(NONE, "UnfreezeKey"), (ALL, "FreezeKey")])
def test_freezing_and_unfreezing_are_rights_of_their_own(
    desks: World, target: Target, mode: Freeze, action: str
) -> None:
    desks.policy.denied.add(action)
    with pytest.raises(PolicyDenied):
        _set(desks, target, mode)
    other = ALL if mode is NONE else NONE
    assert _set(desks, "a-1", other) == ["a-1"]


@pytest.mark.parametrize("target", ["a-1", DESK_A])
def test_who_may_only_freeze_cannot_loosen_a_freeze(desks: World, target: Target) -> None:
    desks.policy.denied.add("UnfreezeKey")
    assert _set(desks, target, CANCEL_ONLY)
    assert _set(desks, target, ALL)
    with pytest.raises(PolicyDenied):
        _set(desks, target, CANCEL_ONLY)
    assert _modes(desks)["a-1"] is ALL
    desks.policy.denied.clear()
    assert _set(desks, target, CANCEL_ONLY)
    assert _modes(desks)["a-1"] is CANCEL_ONLY


def test_a_freeze_holds_over_changes_in_between(world: World) -> None:
    key = world.key(labels={"desk": "a"})
    left = iter(range(3))

    def change() -> None:
        if next(left, None) is not None:
            world.catalogue.put(dataclasses.replace(key, labels={"desk": "b"}))

    world.catalogue.before_replace = change
    assert _set(world, DESK_A, ALL) == [key.id]
    stored = _get(world, key.id)
    assert (stored.freeze, stored.labels) == (ALL, {"desk": "b"})


def test_what_a_key_has_become_in_between_is_judged(world: World) -> None:
    key = world.key(labels={"desk": "a"})
    world.policy.rule = lambda j: j.key is None or j.key.owner == "cn:bot"
    other = dataclasses.replace(key, owner="cn:other")
    world.catalogue.before_replace = lambda: world.catalogue.put(other) and None
    with pytest.raises(KeyNotFound):
        _set(world, DESK_A, ALL)
    assert [(e.key, e.outcome) for e in world.audit.entries] == [
        (key.id, "KEY_NOT_FOUND"),
        ("", "KEY_NOT_FOUND"),
    ]


def test_a_key_that_never_rests_is_given_up_and_said(world: World) -> None:
    key = world.key()
    world.catalogue.before_replace = lambda: world.catalogue.put(key) and None
    with pytest.raises(EtagMismatch):
        _set(world, key.id, ALL)
    assert world.audit.outcomes == ["ETAG_MISMATCH"]


def test_a_quarantined_key_cannot_be_frozen(world: World) -> None:
    world.key()
    world.catalogue.corrupt.add("bot-key")
    with pytest.raises(EnvelopeCorrupt):
        _set(world, "bot-key", ALL)


def test_nothing_changes_for_a_caller_who_has_gone_or_in_a_store_that_fails(desks: World) -> None:
    before = _modes(desks)
    for target in ("a-1", DESK_A):
        with pytest.raises(Cancelled):
            _set(desks, target, ALL, _call(end=Cancelled()))
    desks.catalogue.failure = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        _set(desks, DESK_A, ALL)
    assert _modes(desks) == before
    assert desks.audit.outcomes == ["CANCELLED", "CANCELLED", "STORE_UNAVAILABLE"]


def test_what_was_frozen_before_the_time_was_up_stays_so_and_is_recorded(
    desks: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freezing, "_SLICE", 1)
    call = _call(lives=2, end=DeadlineExceeded())  # one to look, one to change
    with pytest.raises(DeadlineExceeded):
        _set(desks, DESK_A, ALL, call)
    assert (_modes(desks)["a-1"], _modes(desks)["a-2"]) == (ALL, NONE)
    assert [(e.key, e.outcome) for e in desks.audit.entries] == [
        ("a-1", "OK"),
        ("", "DEADLINE_EXCEEDED"),
    ]
    assert _set(desks, DESK_A, ALL) == ["a-1", "a-2"]


@pytest.mark.parametrize("target", ["a-1", DESK_A])
def test_s34_freezing_wipes_even_if_it_cannot_be_recorded(desks: World, target: Target) -> None:
    desks.audit.losing = True
    with pytest.raises(AuditUnavailable):
        _set(desks, target, ALL)
    wiped = ["a-1"] if target == "a-1" else ["a-1", "a-2"]
    assert desks.custody.forgotten == wiped
    assert [_modes(desks)[key_id] for key_id in wiped] == [ALL] * len(wiped)


def test_s34_each_key_is_wiped_in_its_custody(world: World) -> None:
    world.key("near", labels={"desk": "a"})
    world.key("far", labels={"desk": "a"}, custody=CustodyKind.AWS_KMS)
    world.key("gone", labels={"desk": "a"})
    _set(world, DESK_A, ALL)
    assert world.custody.forgotten == ["gone", "near"]
    assert world.remote.forgotten == ["far"]
    world.custodies.clear()
    assert _set(world, "gone", ALL) == ["gone"]


def test_s34_a_frozen_key_does_not_sign_until_it_is_unfrozen(world: World) -> None:
    key = world.key()
    world.signing.sign(FakeCall(), raw())
    for mode in (ALL, CANCEL_ONLY):  # a raw message is no cancellation
        _set(world, key.id, mode)
        with pytest.raises(KeyFrozen):
            world.signing.sign(FakeCall(), raw())
    _set(world, key.id, NONE)
    world.signing.sign(FakeCall(), raw())


def test_s11_a_key_that_is_frozen_after_the_decision_does_not_sign(world: World) -> None:
    key = world.key()

    def freeze(judgement: Judgement) -> bool:
        if judgement.action == "SignRaw":
            _set(world, key.id, ALL)
        return True

    world.policy.rule = freeze
    with pytest.raises(KeyFrozen):
        world.signing.sign(FakeCall(), raw())
    assert world.custody.asked == []
    assert world.caps.spent == 0


@pytest.mark.parametrize("mode", [CANCEL_ONLY, ALL])
def test_s34_a_key_that_is_frozen_while_it_signs_gives_nothing_and_is_wiped_again(
    world: World, mode: Freeze
) -> None:
    key = world.key()
    world.custody.before_sign = lambda _: _set(world, key.id, mode) and None
    with pytest.raises(KeyFrozen):
        world.signing.sign(FakeCall(), raw())
    assert len(world.custody.asked) == 1
    # Once by the freeze, and once more: it may have come before the key was opened.
    assert world.custody.forgotten[-1] == key.id
    assert len(world.custody.forgotten) == (2 if mode is ALL else 1)


def test_more_keys_than_one_look_holds_are_all_found(world: World) -> None:
    for number in range(1100):
        world.key(f"k{number:04}", labels={"desk": "ab"[number % 2]})
    assert _set(world, DESK_A, CANCEL_ONLY) == [f"k{number:04}" for number in range(0, 1100, 2)]
    assert sum(mode is CANCEL_ONLY for mode in _modes_of_all(world)) == 550
    assert max(world.catalogue.pages[:3]) == 500


def _modes_of_all(world: World) -> list[Freeze]:
    return [key.freeze for key in world.catalogue.page("", 2000)]


def _get(world: World, key_id: str) -> Key:
    key = world.catalogue.get(key_id)
    assert key is not None
    return key
