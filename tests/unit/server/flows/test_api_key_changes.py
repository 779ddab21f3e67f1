"""Making, importing, showing and revoking API keys."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta

import pytest
from signward_server.core.api_key_secrets import is_secret
from signward_server.core.errors import (
    ApiKeyExists,
    ApiKeyNotFound,
    ApiKeyRevoked,
    AuditUnavailable,
    Cancelled,
    PolicyDenied,
    StoreUnavailable,
)
from signward_server.core.identity import Identity, IdentityKind
from signward_server.flows.api_key_changes import MakeApiKey

from tests.fakes.spine.api_keys import api_key
from tests.fakes.spine.call import BOT, OTHER, FakeCall
from tests.fakes.spine.world import World

IMPORTED = "the-secret-of-the-replaced-service"


@pytest.fixture
def world() -> World:
    return World()


def _request(world: World, **changes: object) -> MakeApiKey:
    expire_time = world.clock.now() + timedelta(days=1)
    request = MakeApiKey(identity=BOT, expire_time=expire_time, address_ranges=("10.0.0.0/8",))
    return dataclasses.replace(request, **changes)  # type: ignore[arg-type]


def _call(**arguments: object) -> FakeCall:
    return FakeCall(OTHER, "/signward.v1.AdminService/X", **arguments)  # type: ignore[arg-type]


def test_a_new_key_works_from_now_on(world: World) -> None:
    made, secret = world.api_key_changes.create(_call(), _request(world))
    assert re.fullmatch(r"ak_[a-z0-9]{16}", made.id)
    assert is_secret(secret.encode())
    assert secret.startswith("signward_")
    assert made == api_key(
        made.id.removeprefix("ak_"),
        identity=BOT,
        digest=world.secret_digest.digest(secret.encode()),
        create_time=world.clock.now(),
        expire_time=world.clock.now() + timedelta(days=1),
        created_by="cn:other",
        address_ranges=("10.0.0.0/8",),
    )
    assert world.api_key_authentication.authenticate(secret, "10.1.1.1") is made


def test_s40_each_change_is_recorded_by_the_id_of_the_api_key(world: World) -> None:
    changes = world.api_key_changes
    made, secret = changes.create(_call(), _request(world))
    imported = changes.import_(_call(), _request(world, secret=IMPORTED))
    changes.revoke(_call(), made.id)
    changes.page(_call(), None, "", 10)
    assert [(e.action, e.outcome, e.key, e.note) for e in world.audit.entries] == [
        ("CreateApiKey", "OK", "", f"{made.id} cn:bot"),
        ("ImportApiKey", "OK", "", f"{imported.id} cn:bot"),
        ("RevokeApiKey", "OK", "", made.id),
        ("ListApiKeys", "OK", "", ""),
    ]
    shown = repr((world.audit.entries, made, imported, _request(world, secret=IMPORTED)))
    assert all(text not in shown for text in (secret, IMPORTED, made.digest.hex()))


def test_every_key_has_a_secret_and_an_id_of_its_own(world: World) -> None:
    made = [world.api_key_changes.create(_call(), _request(world)) for _ in range(50)]
    assert len({secret for _, secret in made}) == 50
    assert len({key.id for key, _ in made}) == 50


def test_the_randomness_is_that_of_the_caller_and_whole(world: World) -> None:
    asked: list[int] = []

    def random(size: int) -> bytes:
        asked.append(size)
        return bytes(range(size))

    world.api_key_changes._random = random
    world.api_key_changes.create(_call(), _request(world))
    assert asked == [32, 10]


def test_an_imported_key_works_with_the_secret_that_callers_hold(world: World) -> None:
    made = world.api_key_changes.import_(_call(), _request(world, secret=IMPORTED))
    assert made.imported
    assert world.api_key_authentication.authenticate(IMPORTED, "10.0.0.1") is made


def test_s13_a_secret_that_was_revoked_cannot_be_imported_again(world: World) -> None:
    made = world.api_key_changes.import_(_call(), _request(world, secret=IMPORTED))
    world.api_key_changes.revoke(_call(), made.id)
    with pytest.raises(ApiKeyExists):
        world.api_key_changes.import_(_call(), _request(world, secret=IMPORTED))
    with pytest.raises(ApiKeyRevoked):
        world.api_key_authentication.authenticate(IMPORTED, "10.0.0.1")


def test_s34_a_revoked_key_is_refused_when_revoke_returns(world: World) -> None:
    made, secret = world.api_key_changes.create(_call(), _request(world))
    world.clock.advance(60)
    revoked = world.api_key_changes.revoke(_call(), made.id)
    assert revoked == dataclasses.replace(made, revoke_time=world.clock.now())
    with pytest.raises(ApiKeyRevoked):
        world.api_key_authentication.authenticate(secret, "10.0.0.1")
    world.clock.advance(60)
    assert world.api_key_changes.revoke(_call(), made.id) == revoked


def test_an_unknown_key_cannot_be_revoked(world: World) -> None:
    with pytest.raises(ApiKeyNotFound):
        world.api_key_changes.revoke(_call(), "ak_aaaaaaaaaaaaaaaa")
    assert world.audit.outcomes == ["API_KEY_NOT_FOUND"]


@pytest.mark.parametrize("action", ["CreateApiKey", "ImportApiKey", "RevokeApiKey", "ListApiKeys"])
def test_s40_each_takes_a_right_on_the_server_and_a_denial_is_recorded(
    world: World, action: str
) -> None:
    known = api_key()
    world.api_keys.insert(known)
    world.policy.denied.add(action)
    changes = world.api_key_changes
    runs = {
        "CreateApiKey": lambda: changes.create(_call(), _request(world)),
        "ImportApiKey": lambda: changes.import_(_call(), _request(world, secret=IMPORTED)),
        "RevokeApiKey": lambda: changes.revoke(_call(), known.id),
        "ListApiKeys": lambda: changes.page(_call(), None, "", 10),
    }
    with pytest.raises(PolicyDenied):
        runs[action]()
    assert world.api_keys.page("", 10) == [known]
    (judged,) = world.policy.judged
    assert (judged.identity, judged.action, judged.key) == (OTHER, action, None)
    (entry,) = world.audit.entries
    assert (entry.action, entry.outcome) == (action, "POLICY_DENIED")


def test_a_denied_revocation_tells_nothing_of_what_there_is(world: World) -> None:
    world.policy.denied.add("RevokeApiKey")
    with pytest.raises(PolicyDenied):
        world.api_key_changes.revoke(_call(), "ak_bbbbbbbbbbbbbbbb")


def test_nothing_is_made_for_a_caller_who_has_gone_or_in_a_store_that_fails(world: World) -> None:
    with pytest.raises(Cancelled):
        world.api_key_changes.create(_call(end=Cancelled()), _request(world))
    world.api_keys.failure = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        world.api_key_changes.create(_call(), _request(world))
    assert world.api_keys.page("", 10) == []
    assert world.audit.outcomes == ["CANCELLED", "STORE_UNAVAILABLE"]


def test_a_key_that_cannot_be_recorded_lets_nobody_in(world: World) -> None:
    world.audit.losing = True
    with pytest.raises(AuditUnavailable):
        world.api_key_changes.import_(_call(), _request(world, secret=IMPORTED))
    with pytest.raises(ApiKeyRevoked):
        world.api_key_authentication.authenticate(IMPORTED, "10.0.0.1")


def test_pages_are_whole_in_order_and_of_one_identity_if_so_asked(world: World) -> None:
    spiffe = Identity(IdentityKind.SPIFFE, "//a.example/bot")
    keys = [
        api_key(f"{number:016}", identity=spiffe if number % 3 == 0 else BOT)
        for number in range(1200)
    ]
    for key in reversed(keys):
        world.api_keys.insert(key)
    for identity in (None, spiffe, OTHER):
        wanted = [key for key in keys if identity in (None, key.identity)]
        found, after, pages = [], "", 0
        while pages == 0 or after:
            page = world.api_key_changes.page(_call(), identity, after, 100)
            found.extend(page.api_keys)
            after, pages = page.next_after, pages + 1
        assert found == wanted
        assert pages == max(1, len(wanted) // 100)
