"""Who calls: by a certificate, by an API key, by both; and for how long that holds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from signward_server.core.api_key_secrets import make_secret
from signward_server.core.errors import (
    ApiKeyExpired,
    ApiKeyInvalid,
    ApiKeyRevoked,
    CertificateInvalid,
    CertificateRevoked,
    IdentityConflict,
    IdentityMissing,
    IdentityUnknown,
    SignwardError,
)
from signward_server.core.identity import Authentication, Identity, IdentityKind
from signward_server.rpc import authentication as authentication_module
from signward_server.rpc.authentication import Authenticator
from signward_server.rpc.leaf import Leaf
from signward_server.rpc.standing import ANONYMOUS, Standing
from signward_server.rpc.trust import Trust, Trusted

from tests.fakes.spine.api_keys import api_key
from tests.fakes.spine.call import BOT, OTHER
from tests.fakes.spine.context import FakeContext
from tests.fakes.spine.world import World

SECRET, OTHERS_SECRET = make_secret(bytes(range(32))), make_secret(bytes(range(1, 33)))
BEARER = ("authorization", f"Bearer {SECRET}")


class _Pki:
    """Certificates are names here; what they say can change with each snapshot."""

    def __init__(self, world: World) -> None:
        now = world.clock.time()
        self.leaves: dict[bytes, Leaf | type[SignwardError]] = {
            b"bot": Leaf(BOT, now - 60, now + 60),
            b"stranger": IdentityUnknown,
        }
        self.parsed: list[bytes] = []
        self.trusted = Trusted(self._snapshot("1"))

    def parse(self, pem: bytes) -> Leaf:
        self.parsed.append(pem)
        found = self.leaves[pem]
        if isinstance(found, Leaf):
            return found
        raise found

    def reload(self, version: str, **leaves: Leaf | type[SignwardError]) -> None:
        self.leaves |= {name.encode(): leaf for name, leaf in leaves.items()}
        self.trusted.now = self._snapshot(version)

    def _snapshot(self, version: str) -> Trust:
        return Trust(self.parse, version)


@pytest.fixture
def world() -> World:
    world = World()
    for name, secret, identity in (("a", SECRET, BOT), ("b", OTHERS_SECRET, OTHER)):
        digest = world.secret_digest.digest(secret.encode())
        world.api_keys.insert(api_key(name * 16, digest=digest, identity=identity))
    return world


@pytest.fixture
def pki(world: World) -> _Pki:
    return _Pki(world)


@pytest.fixture
def authenticator(world: World, pki: _Pki) -> Authenticator:
    return Authenticator(pki.trusted, world.api_key_authentication, world.clock)


def _of(
    authenticator: Authenticator, *metadata: tuple[str, str | bytes], pem: bytes = b""
) -> Standing:
    context = FakeContext(*metadata, pems=(pem,) if pem else ())
    return authenticator.of(context)  # type: ignore[arg-type]


def test_each_way_to_show_who_one_is(authenticator: Authenticator) -> None:
    shown = {
        Authentication.CERTIFICATE: _of(authenticator, pem=b"bot"),
        Authentication.API_KEY: _of(authenticator, BEARER),
        Authentication.CERTIFICATE_AND_API_KEY: _of(authenticator, BEARER, pem=b"bot"),
    }
    for how, standing in shown.items():
        standing.ensure_valid()
        assert (standing.identity, standing.authentication) == (BOT, how)


def test_whoever_shows_nothing_is_nobody(authenticator: Authenticator) -> None:
    with pytest.raises(IdentityMissing):
        _of(authenticator, ("user-agent", "x"))


@pytest.mark.parametrize(
    ("pem", "metadata", "refusal"),
    [
        (b"stranger", (), IdentityUnknown),
        (b"stranger", (BEARER,), IdentityUnknown),
        (b"bot", (("x-api-key", OTHERS_SECRET),), IdentityConflict),
        (b"bot", (("x-api-key", SECRET[:-1]),), ApiKeyInvalid),
        (b"bot", (BEARER, BEARER), ApiKeyInvalid),
        (b"bot", (("authorization", "Basic eDp5"),), ApiKeyInvalid),
        (b"", (("x-api-key", make_secret(bytes(32))),), ApiKeyInvalid),
        (b"", (BEARER, ("x-api-key", SECRET)), ApiKeyInvalid),
    ],
)
def test_s03_nothing_good_makes_up_for_something_bad(
    authenticator: Authenticator,
    pem: bytes,
    metadata: tuple[tuple[str, str], ...],
    refusal: type[SignwardError],
) -> None:
    with pytest.raises(refusal):
        _of(authenticator, *metadata, pem=pem)


def test_s01_kinds_with_the_same_name_are_in_conflict(
    world: World, authenticator: Authenticator
) -> None:
    secret = make_secret(bytes(range(2, 34)))
    world.api_keys.insert(
        api_key(
            "c" * 16,
            digest=world.secret_digest.digest(secret.encode()),
            identity=Identity(IdentityKind.API_KEY, BOT.name),
        )
    )
    with pytest.raises(IdentityConflict):
        _of(authenticator, ("x-api-key", secret), pem=b"bot")


def test_s03_an_api_key_may_be_bound_to_where_it_comes_from(
    world: World, authenticator: Authenticator
) -> None:
    digest = world.secret_digest.digest(make_secret(bytes(range(3, 35))).encode())
    world.api_keys.insert(
        api_key("c" * 16, digest=digest, address_ranges=("127.0.0.0/8",), identity=BOT)
    )
    context = FakeContext(("x-api-key", make_secret(bytes(range(3, 35)))))
    assert authenticator.of(context).identity == BOT  # type: ignore[arg-type]
    for elsewhere in ("ipv4:198.51.100.1:40000", "ipv6:%5B2001:db8::1%5D:1", "unix:"):
        context.sender = elsewhere
        with pytest.raises(ApiKeyInvalid):
            authenticator.of(context)  # type: ignore[arg-type]


def test_s02_validity_is_checked_each_time(
    world: World, pki: _Pki, authenticator: Authenticator
) -> None:
    standing = _of(authenticator, pem=b"bot")
    world.clock.advance(60)
    standing.ensure_valid()
    world.clock.advance(0.001)
    for check in (standing.ensure_valid, lambda: _of(authenticator, pem=b"bot")):
        with pytest.raises(CertificateInvalid):
            check()
    world.clock.advance(-121)
    with pytest.raises(CertificateInvalid):
        standing.ensure_valid()
    assert pki.parsed == [b"bot"]


def test_s02_a_clock_that_is_set_back_revives_no_certificate(
    world: World, authenticator: Authenticator
) -> None:
    standing = _of(authenticator, pem=b"bot")
    world.clock.advance(61)
    world.clock.wall -= 61
    for check in (standing.ensure_valid, lambda: _of(authenticator, pem=b"bot")):
        with pytest.raises(CertificateInvalid):
            check()


@pytest.mark.parametrize("refusal", [CertificateRevoked, IdentityUnknown])
def test_s02_a_new_snapshot_is_asked_about_every_certificate(
    pki: _Pki, authenticator: Authenticator, refusal: type[SignwardError]
) -> None:
    standing = _of(authenticator, pem=b"bot")
    leaf = pki.leaves[b"bot"]
    pki.reload("2", bot=refusal)
    for _ in range(2):
        for check in (standing.ensure_valid, lambda: _of(authenticator, pem=b"bot")):
            with pytest.raises(refusal):
                check()
    assert pki.parsed == [b"bot", b"bot"]
    pki.reload("3", bot=leaf)
    standing.ensure_valid()
    assert _of(authenticator, pem=b"bot") is standing
    assert pki.parsed == [b"bot"] * 3


def test_s02_a_certificate_never_becomes_somebody_else(
    pki: _Pki, authenticator: Authenticator
) -> None:
    standing = _of(authenticator, pem=b"bot")
    pki.reload("2", bot=Leaf(OTHER, 0, 1e10))
    with pytest.raises(IdentityUnknown):
        standing.ensure_valid()


def test_a_snapshot_that_says_the_same_parses_nothing_again(
    pki: _Pki, authenticator: Authenticator
) -> None:
    standing = _of(authenticator, pem=b"bot")
    pki.reload("1")
    standing.ensure_valid()
    assert pki.parsed == [b"bot"]


@pytest.mark.parametrize("pem", [b"", b"bot"])
def test_s04_an_api_key_that_ends_ends_its_calls(
    world: World, authenticator: Authenticator, pem: bytes
) -> None:
    standing = _of(authenticator, BEARER, pem=pem)
    world.api_keys.revoke("ak_" + "a" * 16, world.clock.now())
    for check in (standing.ensure_valid, lambda: _of(authenticator, BEARER, pem=pem)):
        with pytest.raises(ApiKeyRevoked):
            check()


def test_s04_an_api_key_expires(world: World, authenticator: Authenticator) -> None:
    standing = _of(authenticator, BEARER)
    world.clock.advance(timedelta(days=4000).total_seconds())
    with pytest.raises(ApiKeyExpired):
        standing.ensure_valid()


def test_s02_both_must_hold(world: World, pki: _Pki, authenticator: Authenticator) -> None:
    standing = _of(authenticator, BEARER, pem=b"bot")
    pki.reload("2", bot=CertificateRevoked)
    with pytest.raises(CertificateRevoked):
        standing.ensure_valid()


def test_no_secret_is_kept(authenticator: Authenticator) -> None:
    standing = _of(authenticator, BEARER)
    held = [getattr(standing, name) for name in standing.__slots__]  # type: ignore[attr-defined]
    assert SECRET not in repr([standing, held, [getattr(h, "__dict__", "") for h in held]])


def test_what_is_kept_of_callers_is_bounded(
    world: World, pki: _Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authentication_module, "_KEPT", 3)
    authenticator = Authenticator(pki.trusted, world.api_key_authentication, world.clock)
    for number in range(10):
        pem = b"bot %d" % number
        pki.leaves[pem] = pki.leaves[b"bot"]
        assert _of(authenticator, pem=pem).identity == BOT
    assert len(authenticator._known) == 3


def test_nobody_is_nobody() -> None:
    ANONYMOUS.ensure_valid()
    for name in ("identity", "authentication"):
        with pytest.raises(IdentityMissing):
            getattr(ANONYMOUS, name)
