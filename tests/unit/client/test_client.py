"""The client against a fake daemon over mTLS."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import timedelta

import grpc
import pytest
import signward
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from signward import (
    Algorithm,
    Client,
    Credentials,
    Custody,
    Hash,
    Purpose,
    ServingStatus,
    SignwardError,
    errors,
    order_request,
    raw_request,
)

from tests.fakes.certificates import Authority
from tests.fakes.daemon import FakeDaemon
from tests.fakes.statuses import status

ORDER = {"action": "order", "coin": "BTC", "is_buy": True, "sz": "0.5", "limit_px": "42000"}


def test_a_raw_signature_verifies_under_the_public_key(daemon, client):
    daemon.add_key("k")
    answer = client.sign_raw("k", b"message")
    public = client.get_public_key("k").public_key
    Ed25519PublicKey.from_public_bytes(public.raw).verify(answer.raw.signature, b"message")
    assert (answer.key, answer.version) == ("k", 1)


def test_sign_raw_sends_every_argument(daemon, client):
    daemon.add_key("k")
    client.sign_raw(
        "k",
        b"m",
        hash=Hash.HASH_SHA256,
        version=3,
        expected_fingerprint=b"f" * 32,
        request_id="r",
    )
    [request] = daemon.calls("Sign")
    assert request == raw_request(
        "k",
        b"m",
        hash=Hash.HASH_SHA256,
        version=3,
        expected_fingerprint=b"f" * 32,
        request_id="r",
    )
    assert request.raw.hash == Hash.HASH_SHA256
    assert (request.version, request.request_id) == (3, "r")


def test_sign_order_sends_every_field(daemon, client):
    daemon.add_key("k")
    answer = client.sign_order("k", timestamp=7, request_id="r", **ORDER)
    [request] = daemon.calls("Sign")
    assert request == order_request("k", timestamp=7, request_id="r", **ORDER)
    assert request.order.is_buy
    assert request.order.timestamp == 7
    assert answer.order.signed_bytes


def test_sign_takes_a_built_request(daemon, client):
    daemon.add_key("k")
    assert client.sign(raw_request("k", b"m")) == client.sign_raw("k", b"m")


def test_a_batch_gives_each_item_its_answer_or_its_error(daemon, client):
    daemon.add_key("k")
    requests = [raw_request("k", b"1"), raw_request("missing", b"2"), raw_request("k", b"3")]
    first, second, third = client.sign_batch(requests)
    assert first == client.sign_raw("k", b"1")
    assert third == client.sign_raw("k", b"3")
    assert isinstance(second, errors.NotFound)
    assert second.reason == "KEY_NOT_FOUND"


def test_verify_says_yes_and_no(daemon, client):
    daemon.add_key("k")
    signature = client.sign_raw("k", b"m").raw.signature
    assert client.verify_raw("k", b"m", signature).valid
    refused = client.verify_raw("k", b"other", signature)
    assert not refused.valid
    assert refused.reason
    order = order_request("k", timestamp=7, **ORDER)
    signed = client.sign(order).order
    assert client.verify_order("k", order.order, signed.signature).valid
    order.order.coin = "ETH"
    assert not client.verify_order("k", order.order, signed.signature).valid


def test_create_key_makes_a_request_id_of_its_own(daemon, client):
    for name in ("one", "two"):
        client.create_key(name, algorithm=Algorithm.ALGORITHM_ED25519, purpose=Purpose.PURPOSE_RAW)
    first, second = daemon.calls("CreateKey")
    assert len(first.request_id) == 32
    assert first.request_id != second.request_id


def test_create_key_sends_what_is_given(daemon, client):
    key = client.create_key(
        "k",
        algorithm=Algorithm.ALGORITHM_ED25519,
        purpose=Purpose.PURPOSE_ORDER,
        labels={"team": "a"},
        unlock_ttl=timedelta(0),
        grace_period=timedelta(days=1),
        request_id="mine",
    )
    [request] = daemon.calls("CreateKey")
    assert request.request_id == "mine"
    assert request.HasField("unlock_ttl")
    assert request.unlock_ttl.seconds == 0
    assert request.grace_period.seconds == 86_400
    assert dict(key.labels) == {"team": "a"}


def test_absent_durations_stay_absent(daemon, client):
    client.create_key("k", algorithm=Algorithm.ALGORITHM_ED25519, purpose=Purpose.PURPOSE_RAW)
    [request] = daemon.calls("CreateKey")
    assert not request.HasField("unlock_ttl")
    assert not request.HasField("grace_period")
    assert request.custody == Custody.CUSTODY_ENVELOPE


def test_list_keys_reads_pages_only_as_they_are_needed(daemon, client):
    for number in range(5):
        daemon.add_key(f"k{number}", labels={"team": "a"})
    daemon.add_key("other")
    keys = client.list_keys(labels={"team": "a"}, page_size=2)
    assert daemon.calls("ListKeys") == []
    assert next(keys).id == "k0"
    assert len(daemon.calls("ListKeys")) == 1
    assert [key.id for key in keys] == ["k1", "k2", "k3", "k4"]
    assert [request.page_token for request in daemon.calls("ListKeys")] == ["", "2", "4"]


def test_update_key_names_only_what_is_given(daemon, client):
    daemon.add_key("k", owner="dns:old", labels={"a": "1"})
    key = client.update_key("k", labels={"b": "2"}, unlock_ttl=timedelta(seconds=3))
    [request] = daemon.calls("UpdateKey")
    assert list(request.update_mask.paths) == ["labels", "unlock_ttl"]
    assert dict(key.labels) == {"b": "2"}
    assert key.owner == "dns:old"
    assert key.unlock_ttl.seconds == 3


def test_update_key_empties_and_resets(daemon, client):
    daemon.add_key("k", labels={"a": "1"})
    client.update_key("k", grace_period=timedelta(days=1))
    key = client.update_key("k", labels={}, reset=["grace_period"])
    assert not key.labels
    assert not key.HasField("grace_period")


def test_update_key_with_an_old_etag_is_aborted(daemon, client):
    daemon.add_key("k")
    client.update_key("k", owner="dns:new", etag="1")
    with pytest.raises(errors.Aborted) as caught:
        client.update_key("k", owner="dns:newer", etag="1")
    assert caught.value.reason == "ETAG_MISMATCH"


def test_a_disabled_key_refuses_until_it_is_enabled(daemon, client):
    daemon.add_key("k")
    client.disable_key("k", reason="lost laptop")
    assert daemon.calls("DisableKey")[0].reason == "lost laptop"
    with pytest.raises(errors.FailedPrecondition, match="KEY_DISABLED"):
        client.sign_raw("k", b"m")
    client.enable_key("k")
    assert client.sign_raw("k", b"m").raw.signature
    assert client.get_key("k").id == "k"


def test_health_reads_each_service(daemon, client):
    assert client.health() is ServingStatus.SERVING
    assert client.health("signward.v1.KeyService") is ServingStatus.NOT_SERVING
    with pytest.raises(errors.NotFound):
        client.health("unknown")
    daemon.health["odd"] = 77
    assert client.health("odd") is ServingStatus.UNKNOWN


def test_every_unary_call_has_a_deadline(daemon, credentials):
    daemon.add_key("k")
    with Client(daemon.target, credentials, timeout=3.0) as client:
        client.health()  # connects, which is no part of what is measured
        client.sign_raw("k", b"m")
        client.sign_raw("k", b"m", timeout=1.0)
    first, second = (seen.time_remaining for seen in daemon.seen if seen.method == "Sign")
    assert first == pytest.approx(3.0, abs=0.5)
    assert second == pytest.approx(1.0, abs=0.5)


def test_a_call_past_its_deadline_is_deadline_exceeded(daemon, client):
    daemon.gate = threading.Event()
    daemon.add_key("k")
    with pytest.raises(errors.DeadlineExceeded) as caught:
        client.sign_raw("k", b"m", timeout=0.05)
    daemon.gate.set()
    assert caught.value.reason == "DEADLINE_EXCEEDED"


def test_an_error_carries_everything_that_the_daemon_said(daemon, client):
    daemon.plan(
        "Sign",
        status(
            "INVALID_ARGUMENT",
            "FIELD_INVALID",
            "A field of the request is invalid.",
            metadata={"limit": "64"},
            fields={"raw.message": "must not be empty"},
        ),
    )
    with pytest.raises(errors.InvalidArgument) as caught:
        client.sign_raw("k", b"")
    error = caught.value
    assert error.status is grpc.StatusCode.INVALID_ARGUMENT
    assert error.reason == "FIELD_INVALID"
    assert error.metadata == {"limit": "64"}
    assert error.violations == (errors.FieldViolation("raw.message", "must not be empty"),)
    assert str(error) == (
        "FIELD_INVALID: A field of the request is invalid. (raw.message: must not be empty)"
    )
    assert isinstance(error.__cause__, grpc.RpcError)


def test_what_the_daemon_lacks_is_unimplemented(daemon, client):
    stub = signward.v1.key_service_pb2_grpc.KeyServiceStub(client.channel)
    call = signward.calls.UnaryCall(stub.RefreshShares, 2.0, signward.RetryPolicy())
    with pytest.raises(errors.Unimplemented) as caught:
        call(signward.v1.key_service_pb2.RefreshSharesRequest(key_id="k"))
    assert caught.value.reason == "UNIMPLEMENTED"


def test_an_answer_over_the_limit_is_message_too_large(daemon, credentials):
    daemon.add_key("k")
    options = [("grpc.max_receive_message_length", 16)]
    with (
        Client(daemon.target, credentials, options=options) as client,
        pytest.raises(errors.ResourceExhausted) as caught,
    ):
        client.get_key("k")
    assert caught.value.reason == "MESSAGE_TOO_LARGE"


def test_a_daemon_that_is_not_there_is_unavailable(credentials):
    with (
        Client("localhost:1", credentials, timeout=2.0) as client,
        pytest.raises(errors.Unavailable) as caught,
    ):
        client.sign_raw("k", b"m")
    assert caught.value.reason == "UNAVAILABLE"


def test_a_client_of_another_authority_is_refused(daemon, tmp_path):
    stranger = Authority(tmp_path, "stranger")
    files = stranger.issue("mallory", *FakeDaemon.server_names())
    ours = Credentials.from_files(stranger.ca, files.certificate, files.private_key)
    with Client(daemon.target, ours, timeout=2.0) as client, pytest.raises(SignwardError) as caught:
        client.sign_raw("k", b"m")
    assert isinstance(caught.value, errors.Unavailable)
    assert daemon.seen == []


def test_a_unix_socket_needs_no_server_name(socket_daemon, credentials):
    socket_daemon.add_key("k")
    with Client(socket_daemon.target, credentials) as client:
        assert client.sign_raw("k", b"m").raw.signature


def test_a_given_server_name_must_be_in_the_certificate(daemon, credentials):
    other = Credentials(
        credentials.ca, credentials.certificate, credentials.private_key, server_name="elsewhere"
    )
    with Client(daemon.target, other, timeout=2.0) as client, pytest.raises(errors.Unavailable):
        client.health()


def test_each_client_has_one_connection_of_its_own(daemon, credentials):
    daemon.add_key("k")
    with Client(daemon.target, credentials) as one, Client(daemon.target, credentials) as two:
        for client in (one, two, one, two):
            client.get_key("k")
    assert len({seen.peer for seen in daemon.seen}) == 2


def test_options_win_over_the_defaults(daemon, credentials, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://localhost:1")
    daemon.add_key("k")
    with Client(daemon.target, credentials) as client:
        assert client.get_key("k").id == "k"
    through_proxy = [("grpc.enable_http_proxy", 1)]
    with (
        Client(daemon.target, credentials, options=through_proxy, timeout=2.0) as client,
        pytest.raises(errors.Unavailable),
    ):
        client.get_key("k")


@pytest.mark.parametrize("target", ["", "http://localhost:1", "https://localhost:1"])
def test_a_url_is_no_target(credentials, target):
    with pytest.raises(ValueError, match="host:port or unix:/path"):
        Client(target, credentials)


def test_a_client_needs_time(credentials):
    with pytest.raises(ValueError, match="timeout"):
        Client("localhost:1", credentials, timeout=0)


def test_a_closed_client_refuses_like_a_closed_file(daemon, credentials):
    client = Client(daemon.target, credentials)
    client.close()
    with pytest.raises(ValueError, match="closed"):
        client.health()


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, signward; "
        "heavy = {'grpc', 'google.protobuf', 'typer', 'rich', 'ssl'} & set(sys.modules); "
        "assert not heavy, heavy; "
        "signward.Client; "
        "heavy = {'typer', 'rich', 'signward_server', 'cryptography'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30, env=_environment())


def test_every_public_name_resolves():
    for name in signward.__all__:
        assert getattr(signward, name) is not None
    assert dir(signward) == signward.__all__
    with pytest.raises(AttributeError):
        signward.nothing_of_this_name  # noqa: B018 -- looking it up is the test


def _environment() -> dict[str, str]:
    return {"PYTHONPATH": ":".join(path for path in sys.path if path)}
