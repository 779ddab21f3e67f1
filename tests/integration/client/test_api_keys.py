"""API keys against a real daemon: alone, beside a certificate, refused, and shown nowhere."""

from __future__ import annotations

import datetime as dt
import time

import grpc
import pytest
from signward import Algorithm, Client, Credentials, Purpose, errors, raw_request
from signward.cli.app import app
from signward.status import from_rpc_error
from typer.testing import CliRunner

from tests.running.keys import unrecorded

pytestmark = pytest.mark.integration

BOT = "cn:bot"
HOUR = dt.timedelta(hours=1)
OURS = "correct-horse-battery-staple-7"


@pytest.fixture(scope="module", autouse=True)
def key(admin):
    algorithm = Algorithm.ALGORITHM_ED25519
    return admin.create_key("ed", algorithm=algorithm, purpose=Purpose.PURPOSE_RAW, owner=BOT)


@pytest.fixture(scope="module")
def secret(admin) -> str:
    """The secret of an API key that stands for the bot."""
    return admin.admin.create_api_key(BOT, expires=HOUR).secret


def alone(daemon, secret: str) -> Client:
    """Return a client that shows an API key and nothing else."""
    credentials = Credentials.from_files(daemon.clients / "ca.crt", api_key=secret)
    return Client(daemon.api_keys, credentials)


def beside(daemon, name: str, secret: str, target: str) -> Client:
    """Return a client that shows the certificate of this name, and an API key."""
    files = (daemon.clients / file for file in ("ca.crt", f"{name}.crt", f"{name}.key"))
    return Client(target, Credentials.from_files(*files, api_key=secret))


def refusal(client: Client) -> errors.SignwardError:
    with client, pytest.raises(errors.SignwardError) as caught:
        client.sign_raw("ed", b"m")
    assert isinstance(caught.value, errors.Unauthenticated)
    return caught.value


def sign_in_every_way(client: Client) -> None:
    request = raw_request("ed", b"m")
    expected = unrecorded(client.sign(request))
    batch = client.sign_batch([request, request])
    assert [unrecorded(answer) for answer in batch] == [expected, expected]
    with client.stream() as stream:
        assert unrecorded(stream.sign(request)) == expected


def test_an_api_key_alone_signs_at_its_listener(daemon, secret):
    with alone(daemon, secret) as client:
        sign_in_every_way(client)
        assert [key.id for key in client.list_keys()] == ["ed"]


@pytest.mark.parametrize("listener", ["tcp", "unix"])
def test_an_api_key_beside_a_certificate_signs(daemon, secret, listener):
    with beside(daemon, "bot", secret, getattr(daemon, listener)) as client:
        sign_in_every_way(client)


def test_an_api_key_alone_is_no_certificate(daemon, secret):
    credentials = Credentials.from_files(daemon.clients / "ca.crt", api_key=secret)
    with Client(daemon.tcp, credentials, timeout=2.0) as client, pytest.raises(errors.Unavailable):
        client.health()


def test_the_listener_for_api_keys_takes_nobody_without_one(daemon):
    ca = (daemon.clients / "ca.crt").read_bytes()
    channel = grpc.secure_channel(daemon.api_keys, grpc.ssl_channel_credentials(ca))
    with channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/signward.v1.KeyService/ListKeys")(b"", timeout=5)
    assert from_rpc_error(caught.value).reason == "IDENTITY_MISSING"


def test_an_api_key_alone_does_not_administer(daemon, admin):
    secret = admin.admin.create_api_key("cn:admin", expires=HOUR).secret
    with alone(daemon, secret) as client, pytest.raises(errors.PermissionDenied) as caught:
        client.admin.create_api_key(BOT, expires=HOUR)
    assert caught.value.reason == "POLICY_DENIED"
    with beside(daemon, "admin", secret, daemon.tcp) as client:
        assert list(client.admin.list_api_keys(identity="cn:admin"))


def test_certificate_and_api_key_of_two_are_in_conflict(daemon, secret):
    assert refusal(beside(daemon, "admin", secret, daemon.tcp)).reason == "IDENTITY_CONFLICT"


def test_a_revoked_api_key_is_refused_and_its_stream_ends(daemon, admin):
    made = admin.admin.create_api_key(BOT, expires=HOUR)
    with alone(daemon, made.secret) as client:
        stream = client.stream()
        assert stream.sign(raw_request("ed", b"m")).raw.signature
        admin.admin.revoke_api_key(made.api_key.id)
        with pytest.raises(errors.SignwardError):
            stream.sign(raw_request("ed", b"m"))
        stream.cancel()
        with pytest.raises(errors.Unauthenticated) as caught:
            client.sign_raw("ed", b"m")
    assert caught.value.reason == "API_KEY_REVOKED"
    assert refusal(beside(daemon, "bot", made.secret, daemon.tcp)).reason == "API_KEY_REVOKED"


def test_an_expired_api_key_is_refused(daemon, admin):
    life = dt.timedelta(seconds=3)
    made = admin.admin.create_api_key(BOT, expires=life)
    with alone(daemon, made.secret) as client:
        assert client.sign_raw("ed", b"m").raw.signature
        left = made.api_key.expire_time.ToDatetime(dt.UTC) - dt.datetime.now(dt.UTC)
        time.sleep(max(0.0, left.total_seconds()) + 0.1)
        with pytest.raises(errors.Unauthenticated) as caught:
            client.sign_raw("ed", b"m")
    assert caught.value.reason == "API_KEY_EXPIRED"


def test_an_api_key_works_from_its_networks_only(daemon, admin):
    here = admin.admin.create_api_key(
        BOT, expires=HOUR, address_ranges=["127.0.0.0/8", "::1/128"]
    ).secret
    elsewhere = admin.admin.create_api_key(
        BOT, expires=HOUR, address_ranges=["192.0.2.0/24"]
    ).secret
    with alone(daemon, here) as client:
        assert client.sign_raw("ed", b"m").raw.signature
    assert refusal(alone(daemon, elsewhere)).reason == "API_KEY_INVALID"


def test_a_secret_that_nobody_made_is_refused_and_not_shown(daemon, secret):
    for wrong in (secret[:-1], secret[:-1] + ("0" if secret[-1] != "0" else "1"), "x" * 30):
        error = refusal(alone(daemon, wrong))
        assert error.reason == "API_KEY_INVALID"
        assert wrong not in f"{error!s}{error!r}{error.__cause__!s}"


def test_an_imported_api_key_signs(daemon, admin):
    admin.admin.import_api_key(BOT, OURS, expires=HOUR)
    with alone(daemon, OURS) as client:
        assert client.sign_raw("ed", b"m").raw.signature


def test_the_command_line_makes_one_and_signs_with_it(daemon, tmp_path, monkeypatch):
    monkeypatch.setenv("SIGNWARD_PROFILES", str(daemon.profiles))
    secret = tmp_path / "bot.secret"

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, arguments)
        return result.exit_code, result.output

    made = run(
        "apikey", "create", "--identity", BOT, "--expires", "1h", "--out", str(secret),
        "--profile", "admin",
    )  # fmt: skip
    assert made[0] == 0
    connection = (
        "--target", daemon.api_keys, "--ca", str(daemon.clients / "ca.crt"),
        "--api-key-file", str(secret),
    )  # fmt: skip
    code, signature = run("sign", "raw", "ed", "hello", *connection)
    assert (code, len(bytes.fromhex(signature.strip()))) == (0, 64)
    daemon.profiles.with_name("more.toml").write_text(
        f'[profiles.desk]\ntarget = "{daemon.api_keys}"\nca = "ca.crt"\napi_key_file = "{secret}"\n'
    )
    with Client.from_profile("desk", daemon.profiles.with_name("more.toml")) as client:
        assert client.sign_raw("ed", b"hello").raw.signature.hex() == signature.strip()


def test_no_secret_is_in_the_log_or_the_store(daemon, admin, secret):
    key = admin.admin.import_api_key(BOT, f"{OURS}-kept", expires=HOUR)
    with alone(daemon, f"{OURS}-kept") as client:
        client.sign_raw("ed", b"m")
    refusal(alone(daemon, f"{OURS}-never-made"))
    places = [daemon.log, *(daemon.home / "store").iterdir()]
    contents = [place.read_bytes() for place in places]
    assert any(key.id.encode() in content for content in contents)
    for hidden in (secret, f"{OURS}-kept", f"{OURS}-never-made"):
        assert not [c for c in contents if hidden.encode() in c]
