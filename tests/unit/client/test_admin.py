"""What operators do, against a fake daemon."""

from __future__ import annotations

import datetime as dt

import pytest
from signward import Freeze, NewApiKey, ReloadPart, errors

from tests.fakes.statuses import status

BOT = "spiffe://test/bot"
DIGEST = bytes(range(32))
END = dt.datetime(2031, 1, 31, 12, tzinfo=dt.UTC)


def test_create_api_key_returns_the_secret_once(daemon, client):
    made = client.admin.create_api_key(BOT, expires=END, address_ranges=["10.0.0.0/8", "::1/128"])
    [request] = daemon.calls("CreateApiKey")
    assert request.identity == BOT
    assert request.expire_time.ToDatetime(dt.UTC) == END
    assert list(request.address_ranges) == ["10.0.0.0/8", "::1/128"]
    assert isinstance(made, NewApiKey)
    assert made.secret == daemon.secrets[made.api_key.id]
    assert made.api_key.identity == BOT
    assert made.secret not in f"{made!r}{made!s}"


def test_expires_may_be_a_duration_from_now(daemon, client):
    client.admin.create_api_key(BOT, expires=dt.timedelta(days=90))
    [request] = daemon.calls("CreateApiKey")
    left = request.expire_time.ToDatetime(dt.UTC) - dt.datetime.now(dt.UTC)
    assert left.total_seconds() == pytest.approx(90 * 86_400, abs=60)


def test_expires_in_another_time_zone_is_the_same_moment(daemon, client):
    zone = dt.timezone(dt.timedelta(hours=9))
    client.admin.create_api_key(BOT, expires=END.astimezone(zone))
    assert daemon.calls("CreateApiKey")[0].expire_time.ToDatetime(dt.UTC) == END


def test_expires_without_a_time_zone_is_ambiguous(daemon, client):
    naive = END.replace(tzinfo=None)
    with pytest.raises(ValueError, match="time zone"):
        client.admin.create_api_key(BOT, expires=naive)
    with pytest.raises(ValueError, match="time zone"):
        client.admin.import_api_key(BOT, "s" * 24, expires=naive)
    assert daemon.seen == []


def test_import_api_key_sends_the_secret_and_returns_the_key(daemon, client):
    key = client.admin.import_api_key(
        BOT, "correct-horse-battery-staple", expires=END, address_ranges=["10.0.0.0/8"]
    )
    [request] = daemon.calls("ImportApiKey")
    assert request.secret == "correct-horse-battery-staple"  # noqa: S105 -- of the test
    assert list(request.address_ranges) == ["10.0.0.0/8"]
    assert key.imported
    assert request.secret not in str(key)


def test_a_secret_that_is_known_already_exists_and_is_not_shown(daemon, client):
    secret = "correct-horse-battery-staple"  # noqa: S105
    client.admin.import_api_key(BOT, secret, expires=END)
    with pytest.raises(errors.AlreadyExists) as caught:
        client.admin.import_api_key(BOT, secret, expires=END)
    assert caught.value.reason == "API_KEY_EXISTS"
    assert secret not in f"{caught.value!s}{caught.value!r}{caught.value.__cause__!r}"


def test_list_api_keys_reads_pages_only_as_they_are_needed(daemon, client):
    for number in range(5):
        client.admin.create_api_key(BOT if number < 4 else "dns:other", expires=END)
    keys = client.admin.list_api_keys(identity=BOT, page_size=2)
    assert daemon.calls("ListApiKeys") == []
    assert next(keys).id == "ak_0000000000000001"
    assert len(daemon.calls("ListApiKeys")) == 1
    assert [key.id[-1] for key in keys] == ["2", "3", "4"]
    assert [request.page_token for request in daemon.calls("ListApiKeys")] == ["", "2"]
    assert len(list(client.admin.list_api_keys())) == 5


def test_revoke_api_key_may_be_repeated(daemon, client):
    made = client.admin.create_api_key(BOT, expires=END).api_key
    assert not made.HasField("revoke_time")
    for _ in range(2):
        assert client.admin.revoke_api_key(made.id).HasField("revoke_time")
    with pytest.raises(errors.NotFound) as caught:
        client.admin.revoke_api_key("ak_9")
    assert caught.value.reason == "API_KEY_NOT_FOUND"


def test_freeze_one_key_wholly_unless_told_otherwise(daemon, client):
    daemon.add_key("k")
    assert client.admin.freeze_key("k", reason="odd orders") == ["k"]
    [request] = daemon.calls("FreezeKey")
    assert request.WhichOneof("target") == "key_id"
    assert (request.mode, request.reason) == (Freeze.FREEZE_ALL, "odd orders")
    assert client.get_key("k").freeze == Freeze.FREEZE_ALL
    assert client.admin.unfreeze_key("k", reason="all well") == ["k"]
    assert daemon.calls("UnfreezeKey")[0].reason == "all well"
    assert client.get_key("k").freeze == Freeze.FREEZE_NONE


def test_freeze_by_labels_for_all_but_what_cancels(daemon, client):
    for number in range(3):
        daemon.add_key(f"k{number}", labels={"team": "a" if number else "b", "env": "live"})
    mode = Freeze.FREEZE_CANCEL_ONLY
    assert client.admin.freeze_key(labels={"team": "a"}, mode=mode) == ["k1", "k2"]
    [request] = daemon.calls("FreezeKey")
    assert request.WhichOneof("target") == "selector"
    assert client.get_key("k1").freeze == mode
    assert client.admin.unfreeze_key(labels={"team": "a", "env": "live"}) == ["k1", "k2"]
    assert client.admin.freeze_key(labels={"team": "c"}) == []


@pytest.mark.parametrize("choice", [{}, {"labels": {}}, {"key_id": "k", "labels": {"a": "1"}}])
def test_keys_are_chosen_in_one_way(daemon, client, choice):
    for call in (client.admin.freeze_key, client.admin.unfreeze_key):
        with pytest.raises(ValueError, match="either key_id or labels"):
            call(**choice)
    assert daemon.seen == []


def test_a_request_is_approved_by_its_digest(daemon, client):
    for digest in (DIGEST, DIGEST.hex()):
        assert client.admin.approve_request(digest, expires=END, reason="seen") == END
    for request in daemon.calls("ApproveRequest"):
        assert (request.digest, request.reason) == (DIGEST, "seen")
        assert request.expire_time.ToDatetime(dt.UTC) == END
    with pytest.raises(ValueError, match="hex"):
        client.admin.approve_request("no digest", expires=END)
    with pytest.raises(ValueError, match="time zone"):
        client.admin.approve_request(DIGEST, expires=END.replace(tzinfo=None))
    assert len(daemon.seen) == 2


def test_reload_everything_or_what_is_named(daemon, client):
    assert [result.part for result in client.admin.reload()] == [1, 2, 3, 4, 5, 6]
    parts = [ReloadPart.RELOAD_PART_LIMITS, ReloadPart.RELOAD_PART_POLICY]
    assert [result.part for result in client.admin.reload(parts)] == [1, 3]
    assert [list(request.parts) for request in daemon.calls("Reload")] == [[], parts]


def test_a_part_that_stays_old_is_no_error(daemon, client):
    daemon.problems[ReloadPart.RELOAD_PART_POLICY] = "policy.cedar: line 3"
    [result] = client.admin.reload([ReloadPart.RELOAD_PART_POLICY])
    assert (result.changed, result.problem) == (False, "policy.cedar: line 3")


CALLS = {
    "CreateApiKey": lambda admin, **more: admin.create_api_key(BOT, expires=END, **more),
    "ImportApiKey": lambda admin, **more: admin.import_api_key(BOT, "s", expires=END, **more),
    "ListApiKeys": lambda admin, **more: list(admin.list_api_keys(**more)),
    "RevokeApiKey": lambda admin, **more: admin.revoke_api_key("ak_1", **more),
    "FreezeKey": lambda admin, **more: admin.freeze_key("k", **more),
    "UnfreezeKey": lambda admin, **more: admin.unfreeze_key("k", **more),
    "ApproveRequest": lambda admin, **more: admin.approve_request(
        DIGEST, expires=dt.timedelta(minutes=10), **more
    ),
    "Reload": lambda admin, **more: admin.reload(**more),
}


@pytest.mark.parametrize("method", CALLS)
def test_no_call_is_made_twice(daemon, client, method):
    daemon.plan(method, status("UNAVAILABLE", "STORE_UNAVAILABLE", retry_after=0.0))
    with pytest.raises(errors.Unavailable):
        CALLS[method](client.admin)
    assert [seen.method for seen in daemon.seen] == [method]


@pytest.mark.parametrize("method", CALLS)
def test_every_call_has_its_deadline(daemon, client, method):
    client.health()  # connects, which is no part of what is measured
    daemon.plan(method, *[status("NOT_FOUND", "KEY_NOT_FOUND")] * 2)
    for timeout in (None, 2.0):
        with pytest.raises(errors.NotFound):
            CALLS[method](client.admin, timeout=timeout)
    left = [seen.time_remaining for seen in daemon.seen if seen.method == method]
    assert left == pytest.approx([5.0, 2.0], abs=0.5)
