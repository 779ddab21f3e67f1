"""The policies that `signward init` writes, on a real daemon with nothing beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from signward import Client, SignwardError
from signward.v1 import resources_pb2 as resources
from signward.v1 import sign_service_pb2 as pb

from tests.running.homes import Home
from tests.running.keys import create, sign_request
from tests.running.process import Daemon

pytestmark = pytest.mark.integration

SECP256K1 = resources.ALGORITHM_ECDSA_SECP256K1
BOTS, DIGESTS, DESKS, ADMINS = "bots", "bots-digests", "desks", "admins-digests"
SIGNATURE = bytes(64)


@pytest.fixture(scope="module")
def daemon(new_home: Callable[[], Home]) -> Iterator[Daemon]:
    """A daemon on which an administrator has made keys for others."""
    home = new_home()
    home.forbid_what_tests_do()
    for name in ("desk", "stranger"):
        home.issue(name)
    with Daemon(home) as daemon:
        with daemon.client("admin") as admin:
            for key, owner in ((BOTS, "cn:bot"), (DESKS, "cn:desk")):
                made = admin.create_key(
                    key,
                    owner=owner,
                    algorithm=resources.ALGORITHM_ED25519,
                    purpose=resources.PURPOSE_RAW,
                )
                assert made.owner == owner
            for key, owner in ((DIGESTS, "cn:bot"), (ADMINS, "")):
                admin.create_key(
                    key,
                    owner=owner,
                    algorithm=SECP256K1,
                    purpose=resources.PURPOSE_RAW,
                    allow_digest=True,
                )
        yield daemon


def clients(name: str) -> Callable[[Daemon], Iterator[Client]]:
    """Return a fixture: a client of the daemon."""

    def opened(daemon: Daemon) -> Iterator[Client]:
        with daemon.client(name) as client:
            yield client

    return pytest.fixture(scope="module", name=name)(opened)


admin, bot, desk, stranger = map(clients, ("admin", "bot", "desk", "stranger"))


def reason(call: Callable[[], object]) -> str:
    with pytest.raises(SignwardError) as raised:
        call()
    return raised.value.reason


def on_key(client: Client, key: str) -> dict[str, Callable[[], object]]:
    """Return what only administrators may do with a key."""
    return {
        "update": lambda: client.update_key(key, unlock_ttl=timedelta(0)),
        "change the owner": lambda: client.update_key(key, owner="cn:desk"),
        "change labels": lambda: client.update_key(key, labels={"team": "other"}),
        "disable": lambda: client.disable_key(key),
        "enable": lambda: client.enable_key(key),
        "freeze": lambda: client.admin.freeze_key(key),
        "unfreeze": lambda: client.admin.unfreeze_key(key),
    }


def on_daemon(client: Client) -> dict[str, Callable[[], object]]:
    """Return what only administrators may do with the daemon."""
    soon = datetime.now(UTC) + timedelta(hours=1)
    return {
        "create a key": lambda: create(client, "mine"),
        "try to create one": lambda: client.create_key(
            "mine", algorithm=SECP256K1, purpose=resources.PURPOSE_ORDER, validate_only=True
        ),
        "create an API key": lambda: client.admin.create_api_key("cn:bot", expires=soon),
        "list API keys": lambda: list(client.admin.list_api_keys()),
        "reload": client.admin.reload,
    }


def read(client: Client, key: str) -> dict[str, Callable[[], object]]:
    """Return what owners may do with their keys."""
    return {
        "get": lambda: client.get_key(key),
        "get the public key": lambda: client.get_public_key(key),
        "verify": lambda: client.verify_raw(key, b"message", SIGNATURE),
        "sign": lambda: client.sign(sign_request(key)),
        "sign an order": lambda: client.sign(pb.SignRequest(key=key, order=pb.OrderIntent())),
    }


def prehashed(key: str) -> pb.SignRequest:
    raw = pb.RawMessage(message=bytes(32), hash=pb.HASH_PREHASHED)
    return pb.SignRequest(key=key, raw=raw)


def test_an_identity_signs_reads_and_lists_the_keys_that_it_owns(bot: Client) -> None:
    signed = bot.sign(sign_request(BOTS))
    assert bot.verify_raw(BOTS, b"message", signed.raw.signature).valid
    (answer,) = bot.sign_batch([sign_request(BOTS)])
    assert isinstance(answer, pb.SignResponse)
    with bot.stream() as stream:
        assert stream.sign(sign_request(BOTS)).version == 1
    assert bot.get_public_key(BOTS).version == 1
    assert bot.get_key(BOTS).owner == "cn:bot"
    assert [key.id for key in bot.list_keys()] == [BOTS, DIGESTS]


def test_s39_the_keys_of_others_do_not_exist(bot: Client, desk: Client, stranger: Client) -> None:
    assert [key.id for key in desk.list_keys()] == [DESKS]
    assert list(stranger.list_keys()) == []
    for client, key in ((desk, BOTS), (bot, DESKS), (stranger, BOTS), (stranger, "nobodys")):
        for name, call in (read(client, key) | on_key(client, key)).items():
            assert reason(call) == "KEY_NOT_FOUND", name
        (answer,) = client.sign_batch([sign_request(key)])
        assert isinstance(answer, SignwardError)
        assert answer.reason == "KEY_NOT_FOUND"


def test_who_owns_a_key_does_not_administer_it(bot: Client, admin: Client) -> None:
    before = admin.get_key(BOTS)
    for name, call in (on_key(bot, BOTS) | on_daemon(bot)).items():
        assert reason(call) == "POLICY_DENIED", name
    assert admin.get_key(BOTS) == before
    assert bot.sign(sign_request(BOTS)).version == 1


def test_administrators_administer_and_sign_with_no_key_of_others(
    admin: Client, bot: Client
) -> None:
    for call in on_key(admin, DESKS).values():
        call()
    assert [key.id for key in admin.list_keys()] == sorted([BOTS, DIGESTS, DESKS, ADMINS])
    assert reason(lambda: admin.sign(sign_request(BOTS))) == "POLICY_DENIED"
    admin.admin.freeze_key(BOTS)
    assert reason(lambda: bot.sign(sign_request(BOTS))) == "KEY_FROZEN"
    admin.admin.unfreeze_key(BOTS)
    assert bot.sign(sign_request(BOTS)).version == 1


def test_s07_nobody_signs_a_bare_digest(admin: Client, bot: Client, daemon: Daemon) -> None:
    for client, key in ((bot, DIGESTS), (admin, ADMINS)):
        assert client.sign(sign_request(key, algorithm=SECP256K1)).version == 1
        assert reason(lambda c=client, k=key: c.sign(prehashed(k))) == "POLICY_DENIED"
    assert daemon.metric('signward_policy_denials_total{action="SignRawDigest"}') == 2
