"""Who calls, by the secret of an API key."""

from __future__ import annotations

import string
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.api_key_secrets import is_secret, make_secret
from signward_server.core.api_keys import ApiKey
from signward_server.core.errors import (
    ApiKeyExpired,
    ApiKeyInvalid,
    ApiKeyRevoked,
    CustodyUnavailable,
    SignwardError,
)

from tests.fakes.spine.api_keys import api_key
from tests.fakes.spine.world import World

SECRET = make_secret(bytes(range(32)))
IMPORTED = "the-secret-of-the-replaced-service"


@pytest.fixture
def world() -> World:
    return World()


def _keep(world: World, secret: str = SECRET, name: str = "a" * 16, **changes: object) -> ApiKey:
    made = api_key(name, digest=world.secret_digest.digest(secret.encode()), **changes)
    world.api_keys.insert(made)
    world.secret_digest.asked.clear()
    return made


@pytest.mark.parametrize("secret", [SECRET, IMPORTED])
@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", ""])
def test_the_right_secret_tells_its_key(world: World, secret: str, address: str) -> None:
    made = _keep(world, secret)
    _keep(world, "another-secret-that-is-kept", "b" * 16)
    authenticate = world.api_key_authentication.authenticate
    assert authenticate(secret, address) is authenticate(secret.encode(), address) is made
    world.api_key_authentication.ensure_valid(made)


@pytest.mark.parametrize(
    ("secret", "looked_up"),
    [
        ("", False),
        (SECRET[:-1], False),
        (SECRET[:-1] + ("a" if SECRET[-1] != "a" else "b"), False),
        (SECRET + "A", False),
        (SECRET + "\n", False),
        (" " + SECRET, False),
        (make_secret(bytes(32)), True),
        (SECRET.upper(), True),
        (make_secret(bytes(range(1, 33))), True),
        (IMPORTED[:-1], True),
        (IMPORTED + "!", True),
        ("short", False),
        ("ü" * 30, False),
        ("x" * 100_000, False),
    ],
)
def test_s03_wrong_truncated_and_malformed_secrets_get_one_answer(
    world: World, secret: str, looked_up: bool
) -> None:
    _keep(world)
    _keep(world, IMPORTED, "b" * 16)
    for form in (secret, secret.encode()):
        with pytest.raises(ApiKeyInvalid) as caught:
            world.api_key_authentication.authenticate(form, "192.0.2.1")
        assert (caught.value.args, caught.value.metadata) == ((ApiKeyInvalid.text,), {})
    assert bool(world.secret_digest.asked) == looked_up


def test_a_digest_that_only_looks_the_same_to_the_index_is_not_enough(world: World) -> None:
    _keep(world)
    world.api_keys.find = lambda digest: api_key("c" * 16)  # type: ignore[method-assign]
    with pytest.raises(ApiKeyInvalid):
        world.api_key_authentication.authenticate(SECRET, "192.0.2.1")


@pytest.mark.parametrize(
    ("address", "accepted"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("2001:db8::5", True),
        ("10.2.0.1", False),
        ("2001:db9::5", False),
        ("", False),  # over a Unix socket
        ("nonsense", False),
    ],
)
def test_s03_a_bound_key_counts_from_its_networks_only(
    world: World, address: str, accepted: bool
) -> None:
    made = _keep(world, address_ranges=("10.1.0.0/16", "2001:db8::/32"))
    if accepted:
        assert world.api_key_authentication.authenticate(SECRET, address) is made
        return
    with pytest.raises(ApiKeyInvalid):
        world.api_key_authentication.authenticate(SECRET, address)


def test_a_key_ends_with_its_time(world: World) -> None:
    made = _keep(world, expire_time=world.clock.now() + timedelta(seconds=10))
    authentication = world.api_key_authentication
    world.clock.advance(9.999)
    authentication.ensure_valid(authentication.authenticate(SECRET, ""))
    world.clock.advance(0.001)
    for check in (
        lambda: authentication.authenticate(SECRET, ""),
        lambda: authentication.ensure_valid(made),
    ):
        with pytest.raises(ApiKeyExpired):
            check()


def test_s13_a_wall_clock_that_is_set_back_revives_no_key(world: World) -> None:
    made = _keep(world, expire_time=world.clock.now() + timedelta(seconds=10))
    world.clock.advance(10)
    world.clock.wall -= 3600
    with pytest.raises(ApiKeyExpired):
        world.api_key_authentication.authenticate(SECRET, "")
    with pytest.raises(ApiKeyExpired):
        world.api_key_authentication.ensure_valid(made)


def test_s13_a_key_that_ended_while_the_wall_clock_was_ahead_stays_ended(world: World) -> None:
    """As where a machine starts with an old time, learns the right one, and forgets it again."""
    made = _keep(world, expire_time=world.clock.now() + timedelta(seconds=10))
    authentication = world.api_key_authentication
    for step, check in (
        (3600, lambda: authentication.ensure_valid(made)),
        (-3600, lambda: authentication.ensure_valid(made)),
        (-7200, lambda: authentication.authenticate(SECRET, "")),
    ):
        world.clock.wall += step
        world.clock.boot += 0.001
        with pytest.raises(ApiKeyExpired):
            check()


def test_a_wall_clock_that_is_set_forward_ends_keys(world: World) -> None:
    _keep(world, expire_time=world.clock.now() + timedelta(seconds=10))
    world.clock.wall += 10
    with pytest.raises(ApiKeyExpired):
        world.api_key_authentication.authenticate(SECRET, "")


def test_s34_a_revoked_key_is_refused_at_once_on_old_calls_too(world: World) -> None:
    made = _keep(world)
    assert world.api_key_authentication.authenticate(SECRET, "") is made
    world.api_keys.revoke(made.id, world.clock.now())
    with pytest.raises(ApiKeyRevoked):
        world.api_key_authentication.ensure_valid(made)
    with pytest.raises(ApiKeyRevoked):
        world.api_key_authentication.authenticate(SECRET, "")
    world.clock.advance(1e9)
    with pytest.raises(ApiKeyRevoked):  # not merely expired
        world.api_key_authentication.ensure_valid(made)


@pytest.mark.parametrize("revoked", [True, False])
def test_s03_from_a_wrong_address_nobody_learns_that_a_key_has_ended(
    world: World, revoked: bool
) -> None:
    made = _keep(world, address_ranges=("10.0.0.0/8",))
    if revoked:
        world.api_keys.revoke(made.id, world.clock.now())
    else:
        world.clock.advance(1e9)
    for address, error in (("192.0.2.1", ApiKeyInvalid), ("10.0.0.1", SignwardError)):
        with pytest.raises(error) as caught:
            world.api_key_authentication.authenticate(SECRET, address)
    assert type(caught.value) in (ApiKeyRevoked, ApiKeyExpired)


def test_a_key_that_has_vanished_does_not_count(world: World) -> None:
    made = _keep(world)
    world.api_keys.drop(made.id)
    with pytest.raises(ApiKeyInvalid):
        world.api_key_authentication.ensure_valid(made)


def test_without_the_kek_nobody_is_let_in(world: World) -> None:
    _keep(world)
    world.secret_digest.failure = CustodyUnavailable()
    with pytest.raises(CustodyUnavailable):
        world.api_key_authentication.authenticate(SECRET, "")


_printable = st.text(string.digits + string.ascii_letters + string.punctuation, max_size=80)
_near = st.builds(
    lambda place, text, cut: SECRET[:place] + text + SECRET[place + cut :],
    st.integers(0, len(SECRET)),
    st.text(max_size=3),
    st.integers(0, 4),
)


@given(st.text(max_size=600) | _printable | _near, st.text(max_size=20))
def test_nobody_guesses_and_nothing_crashes(secret: str, address: str) -> None:
    world = World()
    made = _keep(world)
    try:
        found = world.api_key_authentication.authenticate(secret, address)
    except ApiKeyInvalid:
        assert secret != SECRET
        return
    assert (secret, found) == (SECRET, made)


@given(st.binary(max_size=600))
def test_bytes_crash_nothing_and_nothing_malformed_is_looked_up(secret: bytes) -> None:
    world = World()
    with pytest.raises(ApiKeyInvalid):
        world.api_key_authentication.authenticate(secret, "192.0.2.1")
    assert world.secret_digest.asked == ([secret] if is_secret(secret) else [])
