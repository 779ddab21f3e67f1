"""The API key of one process, beside those that are stored."""

from __future__ import annotations

from datetime import timedelta

import pytest
from signward_server.core.errors import ApiKeyInvalid, ApiKeyRevoked
from signward_server.core.identity import Identity, IdentityKind
from signward_server.flows.api_key_authentication import ApiKeyAuthentication
from signward_server.flows.process_api_key import process_api_key

from tests.fakes.spine.api_keys import api_key
from tests.fakes.spine.world import World

SECRET = "the-secret-of-the-replaced-service"  # noqa: S105


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def authentication(world: World) -> ApiKeyAuthentication:
    return ApiKeyAuthentication(
        api_keys=world.api_keys,
        digest=world.secret_digest,
        clock=world.clock,
        extra=process_api_key(SECRET, world.secret_digest, world.clock),
    )


def test_it_stands_for_the_default_identity_and_does_not_expire(
    world: World, authentication: ApiKeyAuthentication
) -> None:
    found = authentication.authenticate(SECRET, "192.0.2.1")
    assert found.identity == Identity(IdentityKind.API_KEY, "default")
    world.clock.advance(timedelta(days=36500).total_seconds())
    authentication.ensure_valid(found)
    assert authentication.authenticate(SECRET, "") is found
    assert list(world.api_keys.page("", 10)) == []


@pytest.mark.parametrize("secret", [SECRET[:-1], SECRET + "x", SECRET.upper()])
def test_no_other_secret_is_its(authentication: ApiKeyAuthentication, secret: str) -> None:
    with pytest.raises(ApiKeyInvalid):
        authentication.authenticate(secret, "")


def test_once_its_secret_is_imported_what_is_stored_counts(
    world: World, authentication: ApiKeyAuthentication
) -> None:
    before = authentication.authenticate(SECRET, "")
    stored = api_key(digest=before.digest, expire_time=world.clock.now() + timedelta(days=1))
    world.api_keys.insert(stored)
    assert authentication.authenticate(SECRET, "") is stored
    authentication.ensure_valid(before)
    world.api_keys.revoke(stored.id, world.clock.now())
    with pytest.raises(ApiKeyRevoked):
        authentication.authenticate(SECRET, "")
    with pytest.raises(ApiKeyRevoked):
        authentication.ensure_valid(before)
