from __future__ import annotations

import dataclasses
import threading
from datetime import timedelta

import pytest
from signward_server.core.errors import (
    AuditUnavailable,
    Cancelled,
    EtagMismatch,
    FieldInvalid,
    KeyNotFound,
    PolicyDenied,
    StoreUnavailable,
)
from signward_server.core.keys import KeyState
from signward_server.flows.key_requests import UpdateKey

from tests.fakes.spine.call import FakeCall
from tests.fakes.spine.world import World

METHOD = "/signward.v1.KeyService/UpdateKey"
DISABLED, ENABLED = KeyState.DISABLED, KeyState.ENABLED


@pytest.fixture
def world() -> World:
    return World()


def _call(**arguments: object) -> FakeCall:
    return FakeCall(method=METHOD, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"owner": "cn:other"}, {"owner": "cn:other"}),
        ({"labels": {"b": "2"}}, {"labels": {"b": "2"}}),
        ({"labels": {}}, {"labels": {}}),
        ({"unlock_ttl": timedelta(0)}, {"unlock_ttl": timedelta(0)}),
        ({"reset_unlock_ttl": True}, {"unlock_ttl": None}),
        ({"grace_period": timedelta(0)}, {"grace_period": timedelta(0)}),
    ],
)
def test_only_what_is_named_changes(
    world: World, change: dict[str, object], expected: dict[str, object]
) -> None:
    key = world.key(labels={"a": "1"}, unlock_ttl=timedelta(seconds=5))
    request = UpdateKey(key_id=key.id, **change)  # type: ignore[arg-type]
    stored = world.changes.update(_call(), request)
    assert stored.revision == key.revision + 1
    assert stored.etag != key.etag
    wanted = dataclasses.replace(key, revision=stored.revision, **expected)  # type: ignore[arg-type]
    assert stored == wanted == world.catalogue.get(key.id)


def test_an_update_that_changes_nothing_writes_nothing(world: World) -> None:
    key = world.key(labels={"a": "1"})
    request = UpdateKey(key_id=key.id, labels={"a": "1"}, owner=key.owner)
    assert world.changes.update(_call(), request) is key


def test_a_new_unlock_ttl_wipes_what_is_unlocked(world: World) -> None:
    key = world.key(unlock_ttl=timedelta(hours=1))
    world.changes.update(_call(), UpdateKey(key_id=key.id, labels={"a": "1"}))
    assert world.custody.forgotten == []
    world.changes.update(_call(), UpdateKey(key_id=key.id, unlock_ttl=timedelta(0)))
    assert world.custody.forgotten == [key.id]


def test_an_etag_of_another_revision_is_refused(world: World) -> None:
    key = world.key()
    request = UpdateKey(key_id=key.id, etag=key.etag, labels={"a": "1"})
    world.changes.update(_call(), request)
    with pytest.raises(EtagMismatch):
        world.changes.update(_call(), dataclasses.replace(request, labels={"a": "2"}))
    assert world.catalogue.get(key.id).labels == {"a": "1"}  # type: ignore[union-attr]


def test_a_change_in_between_is_not_overwritten(world: World) -> None:
    key = world.key()
    other = dataclasses.replace(key, owner="cn:other")
    world.catalogue.before_replace = lambda: world.catalogue.put(other) and None
    with pytest.raises(EtagMismatch):
        world.changes.update(_call(), UpdateKey(key_id=key.id, labels={"a": "1"}))
    assert world.catalogue.get(key.id).owner == "cn:other"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("change", "actions"),
    [
        ({"grace_period": timedelta(0)}, ["UpdateKey"]),
        ({"owner": "cn:other"}, ["UpdateKey", "ChangeKeyOwner"]),
        ({"labels": {"a": "2"}}, ["UpdateKey", "ChangeKeyLabels"]),
        (
            {"owner": "cn:other", "labels": {}},
            ["UpdateKey", "ChangeKeyOwner", "ChangeKeyLabels"],
        ),
    ],
)
def test_s08_old_and_new_values_are_both_judged(
    world: World, change: dict[str, object], actions: list[str]
) -> None:
    key = world.key(labels={"a": "1"})
    stored = world.changes.update(_call(), UpdateKey(key_id=key.id, **change))  # type: ignore[arg-type]
    judged = [(j.action, j.key) for j in world.policy.judged if j.action != "ViewKey"]
    draft = dataclasses.replace(stored, revision=key.revision)
    assert judged == [pair for action in actions for pair in ((action, key), (action, draft))]


@pytest.mark.parametrize("team", ["a", "b"], ids=["old", "new"])
@pytest.mark.parametrize("action", ["UpdateKey", "ChangeKeyLabels"])
def test_s08_labels_that_are_denied_can_be_neither_left_nor_taken(
    world: World, action: str, team: str
) -> None:
    key = world.key(labels={"team": "a"})
    world.policy.rule = (
        lambda j: j.action != action or j.key.labels["team"] != team  # type: ignore[union-attr]
    )
    with pytest.raises(PolicyDenied):
        world.changes.update(_call(), UpdateKey(key_id=key.id, labels={"team": "b"}))
    assert world.catalogue.get(key.id) is key
    assert world.audit.outcomes == ["POLICY_DENIED"]


@pytest.mark.parametrize("owner", ["cn:bot", "cn:other"], ids=["old", "new"])
def test_s08_denied_on_either_values_is_denied(world: World, owner: str) -> None:
    key = world.key()
    world.policy.rule = (
        lambda j: j.action != "ChangeKeyOwner" or j.key.owner != owner  # type: ignore[union-attr]
    )
    with pytest.raises(PolicyDenied):
        world.changes.update(_call(), UpdateKey(key_id=key.id, owner="cn:other"))
    assert world.catalogue.get(key.id) is key


def test_s39_a_hidden_key_cannot_be_told_by_changing_it(world: World) -> None:
    world.key()
    world.policy.denied.add("ViewKey")
    for key_id in ("bot-key", "missing"):
        with pytest.raises(KeyNotFound):
            world.changes.update(_call(), UpdateKey(key_id=key_id, etag="r9"))
        with pytest.raises(KeyNotFound):
            world.changes.set_state(_call(), key_id, DISABLED)


def test_disabling_wipes_and_is_recorded_with_its_reason(world: World) -> None:
    key = world.key()
    stored = world.changes.set_state(_call(), key.id, DISABLED, "leaked?")
    assert stored.state is DISABLED
    assert world.custody.forgotten == [key.id]
    (entry,) = world.audit.entries
    assert (entry.action, entry.outcome, entry.note) == ("DisableKey", "OK", "leaked?")
    enabled = world.changes.set_state(_call(), key.id, ENABLED)
    assert enabled.state is ENABLED
    assert world.custody.forgotten == [key.id]
    assert world.audit.entries[1].action == "EnableKey"


def test_disabling_wipes_even_if_it_cannot_be_recorded(world: World) -> None:
    key = world.key()
    world.audit.losing = True
    with pytest.raises(AuditUnavailable):
        world.changes.set_state(_call(), key.id, DISABLED)
    assert world.custody.forgotten == [key.id]
    assert world.catalogue.get(key.id).state is DISABLED  # type: ignore[union-attr]


def test_a_state_that_is_so_already_is_left_but_wiped_again(world: World) -> None:
    key = world.key(state=DISABLED)
    assert world.changes.set_state(_call(), key.id, DISABLED) is key
    assert world.custody.forgotten == [key.id]


def test_a_key_of_a_custody_that_is_not_there_can_be_disabled(world: World) -> None:
    key = world.key()
    world.custodies.clear()
    assert world.changes.set_state(_call(), key.id, DISABLED).state is DISABLED


@pytest.mark.parametrize(("state", "action"), [(DISABLED, "DisableKey"), (ENABLED, "EnableKey")])
def test_changing_the_state_takes_a_right_of_its_own(
    world: World, state: KeyState, action: str
) -> None:
    key = world.key(state=ENABLED if state is DISABLED else DISABLED)
    world.policy.denied.add(action)
    with pytest.raises(PolicyDenied):
        world.changes.set_state(_call(), key.id, state)
    assert world.catalogue.get(key.id) is key
    assert world.audit.outcomes == ["POLICY_DENIED"]


def test_a_state_is_set_over_changes_in_between(world: World) -> None:
    key = world.key()
    left = iter(range(3))

    def change() -> None:
        if next(left, None) is not None:
            world.catalogue.put(dataclasses.replace(key, labels={"changed": "meanwhile"}))

    world.catalogue.before_replace = change
    stored = world.changes.set_state(_call(), key.id, DISABLED)
    assert (stored.state, stored.labels) == (DISABLED, {"changed": "meanwhile"})


def test_a_key_that_never_rests_is_given_up(world: World) -> None:
    key = world.key()
    world.catalogue.before_replace = lambda: world.catalogue.put(key) and None
    with pytest.raises(EtagMismatch):
        world.changes.set_state(_call(), key.id, DISABLED)


def test_nothing_changes_for_a_caller_who_has_gone_or_in_a_store_that_fails(
    world: World,
) -> None:
    key = world.key()
    with pytest.raises(Cancelled):
        world.changes.set_state(_call(end=Cancelled()), key.id, DISABLED)
    world.catalogue.failure = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        world.changes.update(_call(), UpdateKey(key_id=key.id, owner="cn:other"))
    assert world.catalogue.get(key.id) is key
    assert world.audit.outcomes == ["CANCELLED", "STORE_UNAVAILABLE"]


def test_concurrent_label_changes_lose_none_that_succeeded(world: World) -> None:
    key = world.key(labels={"count": "0"})
    done: list[int] = []

    def count_up() -> None:
        for _ in range(20):
            known = world.catalogue.get(key.id)
            assert known is not None
            labels = {"count": str(int(known.labels["count"]) + 1)}
            request = UpdateKey(key_id=key.id, etag=known.etag, labels=labels)
            try:
                world.changes.update(_call(), request)
            except EtagMismatch:
                continue
            done.append(1)

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert world.catalogue.get(key.id).labels == {"count": str(len(done))}  # type: ignore[union-attr]


def test_an_unexpected_error_is_recorded_as_internal(world: World) -> None:
    key = world.key()

    def fail() -> None:
        raise RuntimeError

    world.catalogue.before_replace = fail
    with pytest.raises(RuntimeError):
        world.changes.set_state(_call(), key.id, DISABLED)
    assert world.audit.outcomes == ["INTERNAL"]


def test_s19_an_update_asks_for_no_more_unlock_time_than_the_daemon_allows(world: World) -> None:
    key = world.key()
    with pytest.raises(FieldInvalid):
        world.changes.update(FakeCall(), UpdateKey(key_id=key.id, unlock_ttl=timedelta(days=2)))
    assert world.catalogue.get(key.id) == key
