"""An API key goes out with every call, over TLS, and is shown nowhere."""

from __future__ import annotations

import copy
import pickle

import grpc
import pytest
from cryptography import x509
from signward import Client, Credentials, CredentialsError, errors, raw_request
from signward.v1.key_service_pb2 import GetKeyRequest
from signward.v1.key_service_pb2_grpc import KeyServiceStub

from tests.fakes.certificates import Authority
from tests.fakes.daemon import FakeDaemon
from tests.fakes.statuses import status

SECRET = "signward_" + "0123456789" * 4 + "abcdefghi"
BEARER = (f"Bearer {SECRET}",)


@pytest.fixture
def alone(authority):
    """Credentials that are an API key and nothing else."""
    return Credentials.from_files(authority.ca, api_key=SECRET)


@pytest.fixture
def beside(authority, bot_files):
    return Credentials.from_files(
        authority.ca, bot_files.certificate, bot_files.private_key, api_key=SECRET
    )


def call_everything(client: Client) -> None:
    client.health()
    client.get_key("k")
    client.sign_raw("k", b"m")
    client.sign_batch([raw_request("k", b"m")])
    with client.stream() as stream:
        stream.sign(raw_request("k", b"m"))
    client.admin.reload()
    KeyServiceStub(client.channel).GetKey(GetKeyRequest(key_id="k"), timeout=5)


EVERYTHING = ["Check", "GetKey", "Sign", "SignBatch", "SignStream", "Reload", "GetKey"]


def test_every_call_carries_it_alone(open_daemon, alone):
    open_daemon.add_key("k")
    with Client(open_daemon.target, alone) as client:
        call_everything(client)
    assert [seen.method for seen in open_daemon.seen] == EVERYTHING
    assert {seen.authorization for seen in open_daemon.seen} == {BEARER}


def test_every_call_carries_it_beside_a_certificate(daemon, beside):
    daemon.add_key("k")
    with Client(daemon.target, beside) as client:
        call_everything(client)
    assert {seen.authorization for seen in daemon.seen} == {BEARER}


def test_every_call_carries_it_over_a_unix_socket(socket_daemon, beside):
    socket_daemon.add_key("k")
    with Client(socket_daemon.target, beside) as client:
        call_everything(client)
    assert {seen.authorization for seen in socket_daemon.seen} == {BEARER}


def test_retries_carry_it_too(open_daemon, alone):
    open_daemon.add_key("k")
    open_daemon.plan("Sign", status("UNAVAILABLE", "SHUTTING_DOWN", retry_after=0.01))
    with Client(open_daemon.target, alone) as client:
        client.sign_raw("k", b"m", request_id="r")
    assert [seen.authorization for seen in open_daemon.seen] == [BEARER, BEARER]


def test_without_an_api_key_no_call_carries_one(daemon, client):
    daemon.add_key("k")
    call_everything(client)
    assert {seen.authorization for seen in daemon.seen} == {()}


def test_an_api_key_never_goes_to_a_daemon_of_another_authority(alone, tmp_path):
    stranger = Authority(tmp_path, "stranger")
    files = stranger.issue("server", x509.DNSName("localhost"))
    daemon = FakeDaemon(stranger, files, None, wants_certificates=False)
    try:
        with Client(daemon.target, alone, timeout=2.0) as client, pytest.raises(errors.Unavailable):
            client.health()
        assert daemon.seen == []
    finally:
        daemon.stop()


@pytest.mark.parametrize(
    "reason", ["API_KEY_INVALID", "API_KEY_EXPIRED", "API_KEY_REVOKED", "IDENTITY_CONFLICT"]
)
def test_a_refused_api_key_is_unauthenticated_and_not_in_the_error(open_daemon, alone, reason):
    open_daemon.plan("GetKey", status("UNAUTHENTICATED", reason))
    with (
        Client(open_daemon.target, alone) as client,
        pytest.raises(errors.Unauthenticated) as caught,
    ):
        client.get_key("k")
    assert caught.value.reason == reason
    cause = caught.value.__cause__
    assert isinstance(cause, grpc.RpcError)
    assert SECRET not in f"{caught.value!s}{caught.value!r}{cause!s}{cause!r}"


def test_no_text_of_credentials_or_client_shows_it(open_daemon, alone):
    with Client(open_daemon.target, alone) as client:
        texts = [f"{it!s}{it!r}" for it in (alone, client, client.channel, client.admin)]
    assert not [text for text in texts if SECRET in text]


def test_credentials_with_an_api_key_can_be_copied(alone):
    assert copy.copy(alone) == pickle.loads(pickle.dumps(alone)) == alone  # noqa: S301 -- our own


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_an_api_key_is_read_from_a_file_of_one_line(authority, tmp_path, ending):
    path = tmp_path / "secret"
    path.write_bytes(SECRET.encode() + ending.encode())
    assert Credentials.from_files(authority.ca, api_key_file=path).api_key == SECRET
    assert Credentials.from_files(authority.ca, api_key_file=str(path)).api_key == SECRET


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"hunter2 hunter3\n", b"hunter2\nhunter3", b" spaced", b"hunter2\t", b"\xff\xfe",
     b"nul\0", "gr\u00fc\u00dfe".encode(), b"a" * 513],
    ids=repr,
)  # fmt: skip
def test_a_file_that_holds_no_api_key_is_named_and_not_shown(authority, tmp_path, content):
    path = tmp_path / "secret"
    path.write_bytes(content)
    with pytest.raises(CredentialsError, match="not one line of printable ASCII") as caught:
        Credentials.from_files(authority.ca, api_key_file=path)
    assert str(path) in str(caught.value)
    assert caught.value.reason == "CREDENTIALS_INVALID"
    assert caught.value.__context__ is None
    for part in content.split():
        assert part.decode("latin-1") not in str(caught.value).replace(str(path), "")


@pytest.mark.parametrize("secret", ["with space", "with\nline", "\u00fcber", "a" * 513])
def test_what_cannot_be_an_api_key_is_refused_and_not_shown(authority, secret):
    with pytest.raises(CredentialsError, match="the API key is not one line") as caught:
        Credentials(ca=authority.ca.read_bytes(), api_key=secret)
    assert secret not in f"{caught.value!s}{caught.value!r}"


def test_a_missing_file_is_named(authority, tmp_path):
    with pytest.raises(CredentialsError, match="does not exist; give the path of a file that"):
        Credentials.from_files(authority.ca, api_key_file=tmp_path / "none")


def test_credentials_need_something_to_show(authority):
    with pytest.raises(CredentialsError, match="neither a client certificate nor an API key"):
        Credentials.from_files(authority.ca)


def test_half_a_pair_is_refused(authority, bot_files):
    for half in ({"certificate": bot_files.certificate}, {"private_key": bot_files.private_key}):
        with pytest.raises(CredentialsError, match="go together"):
            Credentials.from_files(authority.ca, **half, api_key=SECRET)
    with pytest.raises(CredentialsError, match="go together"):
        Credentials(authority.ca.read_bytes(), bot_files.certificate.read_bytes(), api_key=SECRET)


def test_an_api_key_and_a_file_of_one_are_one_too_many(authority, tmp_path):
    with pytest.raises(CredentialsError, match="give one of them"):
        Credentials.from_files(authority.ca, api_key=SECRET, api_key_file=tmp_path / "secret")
