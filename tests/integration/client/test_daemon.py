"""The client and the command line against a real daemon."""

from __future__ import annotations

import hashlib
import time
import uuid
from datetime import timedelta

import grpc
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from signward import (
    Algorithm,
    Hash,
    Purpose,
    ServingStatus,
    errors,
    order_request,
    raw_request,
)
from signward.cli.app import app
from signward.profiles import read_profile
from signward.v1.sign_service_pb2 import SignRequest
from typer.testing import CliRunner

from tests.running.keys import unrecorded

pytestmark = pytest.mark.integration


BOT = "cn:bot"  # whose keys they are: operators make keys, and owners sign with them


@pytest.fixture(scope="module")
def ed25519(admin):
    algorithm = Algorithm.ALGORITHM_ED25519
    return admin.create_key("ed", algorithm=algorithm, purpose=Purpose.PURPOSE_RAW, owner=BOT)


@pytest.fixture(scope="module")
def secp256k1(admin):
    algorithm = Algorithm.ALGORITHM_ECDSA_SECP256K1
    return admin.create_key("ec", algorithm=algorithm, purpose=Purpose.PURPOSE_RAW, owner=BOT)


def buy(key: str) -> SignRequest:
    return order_request(
        key,
        action="order",
        coin="BTC",
        is_buy=True,
        sz="0.50",
        limit_px="42000",
        timestamp=time.time_ns() // 1_000_000,
    )


def test_it_serves_over_tcp_and_unix_socket(either, ed25519):
    assert either.health() is ServingStatus.SERVING
    answer = either.sign_raw("ed", b"message")
    public = Ed25519PublicKey.from_public_bytes(ed25519.versions[0].public_key.raw)
    public.verify(answer.raw.signature, b"message")
    assert answer.signed_bytes_digest == hashlib.sha256(b"message").digest()


def test_secp256k1_signatures_verify_elsewhere(client, secp256k1):
    answer = client.sign_raw("ec", b"message", hash=Hash.HASH_SHA256)
    public = ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP256K1(), secp256k1.versions[0].public_key.raw
    )
    public.verify(answer.raw.der, b"message", ec.ECDSA(hashes.SHA256()))
    signature = answer.raw.signature
    assert client.verify_raw("ec", b"message", signature, hash=Hash.HASH_SHA256).valid
    assert not client.verify_raw("ec", b"other", signature, hash=Hash.HASH_SHA256).valid


def test_orders_batches_and_streams_agree_with_single_calls(client, ed25519):
    order = buy("ed")
    single = client.sign(order)
    assert single.order.signed_bytes.startswith(b'{"action":"order","coin":"BTC","isBuy":true')
    assert client.verify_order("ed", order.order, single.order.signature).valid
    requests = [raw_request("ed", b"%d" % n) for n in range(64)]
    singles = [unrecorded(client.sign(request)) for request in requests]
    good, bad, again = client.sign_batch([order, raw_request("none", b"m"), order])
    assert unrecorded(good) == unrecorded(again) == unrecorded(single)
    assert isinstance(bad, errors.NotFound)
    assert [unrecorded(answer) for answer in client.sign_batch(requests)] == singles
    with client.stream() as stream:
        futures = [stream.send(request, timeout=5.0) for request in requests * 5]
        missing = stream.send(raw_request("none", b"m"))
        assert [unrecorded(future.result(20)) for future in futures] == singles * 5
        assert isinstance(missing.exception(20), errors.NotFound)


def test_a_key_lives_its_life(admin, client):
    request_id = uuid.uuid4().hex
    wanted = {
        "algorithm": Algorithm.ALGORITHM_ED25519,
        "purpose": Purpose.PURPOSE_ORDER,
        "owner": BOT,
        "labels": {"team": "life"},
        "request_id": request_id,
    }
    key = admin.create_key("life", **wanted)
    assert admin.create_key("life", **wanted) == key
    with pytest.raises(errors.AlreadyExists) as caught:
        admin.create_key("life", **(wanted | {"request_id": "another"}))
    assert caught.value.reason == "KEY_EXISTS"
    changed = admin.update_key("life", unlock_ttl=timedelta(seconds=5), etag=key.etag)
    assert changed.unlock_ttl.seconds == 5
    with pytest.raises(errors.Aborted):
        admin.update_key("life", unlock_ttl=timedelta(0), etag=key.etag)
    assert [found.id for found in client.list_keys(labels={"team": "life"})] == ["life"]
    admin.disable_key("life", reason="test")
    with pytest.raises(errors.FailedPrecondition, match="KEY_DISABLED"):
        client.sign(buy("life"))
    admin.enable_key("life")
    assert client.sign(buy("life")).key == "life"
    with pytest.raises(errors.PermissionDenied, match="KEY_PURPOSE_MISMATCH"):
        client.sign_raw("life", b"m")


def test_pages_are_followed(client, ed25519, secp256k1):
    ids = [key.id for key in client.list_keys(page_size=1)]
    assert {"ed", "ec"} <= set(ids)
    assert ids == sorted(ids)


def test_bad_fields_are_named(client, ed25519):
    with pytest.raises(errors.InvalidArgument) as caught:
        client.sign_raw("ed", b"")
    assert [violation.field for violation in caught.value.violations] == ["raw.message"]


def test_a_client_without_certificate_is_refused(daemon):
    ca = read_profile("bot", daemon.profiles).ca.read_bytes()
    channel = grpc.secure_channel(daemon.tcp, grpc.ssl_channel_credentials(ca))
    with channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=5)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_the_command_line_works_with_what_init_wrote(daemon, ed25519, monkeypatch):
    monkeypatch.setenv("SIGNWARD_PROFILES", str(daemon.profiles))
    monkeypatch.setenv("SIGNWARD_PROFILE", "bot")

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, arguments)
        return result.exit_code, result.output.strip()

    assert run("health") == (0, "SERVING")
    code, signature = run("sign", "raw", "ed", "hello")
    assert code == 0
    assert run("verify", "raw", "ed", "hello", "--signature", signature)[0] == 0
    assert run("verify", "raw", "ed", "hullo", "--signature", signature)[0] == 1
    code, error = run("sign", "raw", "unknown", "hello")
    assert (code, error) == (
        4,
        "signward: KEY_NOT_FOUND: There is no such key; see 'signward key list'",
    )
