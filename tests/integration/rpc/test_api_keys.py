"""API keys: alone on a listener of their own, or beside a certificate."""

from __future__ import annotations

import logging
import queue
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from signward.v1 import key_service_pb2 as keys
from signward.v1 import sign_service_pb2 as pb
from signward.v1.key_service_pb2_grpc import KeyServiceStub
from signward.v1.sign_service_pb2_grpc import SignServiceStub
from signward_server.core.api_key_secrets import make_secret
from signward_server.core.api_keys import ApiKey
from signward_server.core.identity import Authentication

from tests.fakes.spine.api_keys import api_key
from tests.fakes.spine.call import BOT, OTHER
from tests.fakes.spine.serving import Served, reason, serve

pytestmark = pytest.mark.integration

SECRET, OTHERS_SECRET = make_secret(bytes(range(32))), make_secret(bytes(range(1, 33)))
REQUEST = pb.SignRequest(key="bot-key", raw=pb.RawMessage(message=b"hello"))
Metadata = tuple[tuple[str, str], ...]
MINE: Metadata = (("authorization", f"Bearer {SECRET}"),)


def _keep(served: Served, secret: str, name: str, **changes: object) -> ApiKey:
    digest = served.world.secret_digest.digest(secret.encode())
    expire_time = served.world.clock.now() + timedelta(hours=12)
    made = api_key(name * 16, digest=digest, **({"expire_time": expire_time} | changes))
    served.world.api_keys.insert(made)
    return made


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serve(tmp_path) as running:
        running.world.key()
        _keep(running, SECRET, "a", identity=BOT)
        _keep(running, OTHERS_SECRET, "b", identity=OTHER)
        yield running


@pytest.fixture
def alone(served: Served) -> Iterator[grpc.Channel]:
    """A connection without a client certificate."""
    credentials = grpc.ssl_channel_credentials(served.authority.pem)
    with grpc.secure_channel(f"localhost:{served.api_key_port}", credentials) as channel:
        yield channel


def _sign(channel: grpc.Channel, metadata: Metadata) -> str:
    """Return OK, or the reason why not."""
    try:
        SignServiceStub(channel).Sign(REQUEST, timeout=10, metadata=metadata)
    except grpc.RpcError as error:
        return reason(error)
    return "OK"


@pytest.mark.parametrize("metadata", [MINE, (("x-api-key", SECRET),)])
def test_s03_an_api_key_alone_is_enough_where_no_certificate_is_asked_for(
    served: Served, alone: grpc.Channel, metadata: Metadata
) -> None:
    assert _sign(alone, metadata) == "OK"
    (caller,) = {(j.identity, j.authentication) for j in served.world.policy.judged}
    assert caller == (BOT, Authentication.API_KEY)
    assert served.failures.counted == []


def test_s03_where_a_certificate_is_asked_for_an_api_key_does_not_replace_it(
    served: Served,
) -> None:
    credentials = grpc.ssl_channel_credentials(served.authority.pem)
    with (
        grpc.secure_channel(f"localhost:{served.port}", credentials) as channel,
        pytest.raises(grpc.RpcError) as raised,
    ):
        SignServiceStub(channel).Sign(REQUEST, timeout=5, metadata=MINE)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE


def test_s03_beside_a_certificate_it_must_be_of_the_same_identity(served: Served) -> None:
    channel = served.channel("bot")
    assert _sign(channel, MINE) == "OK"
    (how,) = {j.authentication for j in served.world.policy.judged}
    assert how is Authentication.CERTIFICATE_AND_API_KEY
    assert _sign(channel, (("x-api-key", OTHERS_SECRET),)) == "IDENTITY_CONFLICT"
    assert _sign(served.channel("other"), MINE) == "IDENTITY_CONFLICT"
    assert served.failures.reasons == ["IDENTITY_CONFLICT"] * 2


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        ((), "IDENTITY_MISSING"),
        ((("x-api-key", make_secret(bytes(32))),), "API_KEY_INVALID"),
        ((("x-api-key", SECRET[:-1]),), "API_KEY_INVALID"),
        ((("x-api-key", SECRET[:20]),), "API_KEY_INVALID"),
        ((("x-api-key", SECRET.lower()),), "API_KEY_INVALID"),
        ((("authorization", SECRET),), "API_KEY_INVALID"),
        ((("authorization", f"Basic {SECRET}"),), "API_KEY_INVALID"),
        ((*MINE, ("x-api-key", SECRET)), "API_KEY_INVALID"),
        ((*MINE, *MINE), "API_KEY_INVALID"),
        ((("x-api-key", ""),), "API_KEY_INVALID"),
    ],
)
def test_s03_whatever_is_not_one_good_secret_is_refused_and_counted(
    served: Served, alone: grpc.Channel, metadata: Metadata, why: str
) -> None:
    assert _sign(alone, metadata) == why
    assert served.failures.reasons == [why]
    assert served.world.custody.asked == []
    if metadata:  # a good certificate does not make up for it
        assert _sign(served.channel(), metadata) == why


def test_s04_expired_and_revoked_keys_on_new_and_open_connections(
    served: Served, alone: grpc.Channel
) -> None:
    assert _sign(alone, MINE) == "OK"
    served.world.api_keys.revoke("ak_" + "a" * 16, served.world.clock.now())
    assert _sign(alone, MINE) == "API_KEY_REVOKED"
    others: Metadata = (("x-api-key", OTHERS_SECRET),)
    assert _sign(alone, others) == "OK"
    served.world.clock.advance(13 * 3600)
    assert _sign(alone, others) == "API_KEY_EXPIRED"
    assert served.failures.reasons == ["API_KEY_REVOKED", "API_KEY_EXPIRED"]


@pytest.mark.parametrize("certificate", [False, True])
def test_s04_an_open_stream_ends_with_its_key(
    served: Served, alone: grpc.Channel, certificate: bool
) -> None:
    channel = served.channel() if certificate else alone
    sent: queue.SimpleQueue[pb.SignStreamRequest | None] = queue.SimpleQueue()
    sent.put(pb.SignStreamRequest(id=1, request=REQUEST))
    requests = iter(sent.get, None)
    call = SignServiceStub(channel).SignStream(requests, timeout=30, metadata=MINE)
    assert next(call).response.version == 1
    served.world.api_keys.revoke("ak_" + "a" * 16, served.world.clock.now())
    with pytest.raises(grpc.RpcError) as raised:
        next(call)
    sent.put(None)
    assert reason(raised.value) == "API_KEY_REVOKED"
    assert served.failures.reasons == ["API_KEY_REVOKED"]


def test_s03_ranges_of_addresses(served: Served, alone: grpc.Channel) -> None:
    near, far = make_secret(bytes(range(2, 34))), make_secret(bytes(range(3, 35)))
    _keep(served, near, "c", identity=BOT, address_ranges=("127.0.0.0/8", "::1/128"))
    _keep(served, far, "d", identity=BOT, address_ranges=("192.0.2.0/24",))
    assert _sign(alone, (("x-api-key", near),)) == "OK"
    assert _sign(alone, (("x-api-key", far),)) == "API_KEY_INVALID"
    socket = f"unix:{served.files['ca.pem'].parent}/s.sock"
    assert _sign(served.channel(target=socket), (("x-api-key", near),)) == "API_KEY_INVALID"
    assert _sign(served.channel(target=socket), MINE) == "OK"


def test_s43_a_good_caller_is_served_whatever_else_comes_from_its_address(
    served: Served, alone: grpc.Channel
) -> None:
    served.failures.tired = True
    socket = f"unix:{served.files['ca.pem'].parent}/s.sock"
    good = served.channel(), served.channel(target=socket)
    bad: Metadata = (("x-api-key", SECRET[:-1]),)
    for _ in range(20):
        for channel in (*good, alone):
            with pytest.raises(grpc.RpcError) as raised:
                SignServiceStub(channel).Sign(REQUEST, timeout=10, metadata=bad)
            assert reason(raised.value) == "RATE_LIMITED"
        assert [_sign(channel, ()) for channel in good] == ["OK", "OK"]
        assert _sign(alone, MINE) == "OK"
    assert {address for address, _ in served.failures.counted} >= {""}  # the Unix socket's
    assert set(served.failures.reasons) == {"API_KEY_INVALID"}


def test_s03_secrets_are_in_no_log_and_no_answer(
    served: Served, alone: grpc.Channel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = SECRET[:-1] + "x"
    for metadata in (MINE, (("x-api-key", wrong),), (*MINE, ("x-api-key", wrong))):
        with pytest.raises(grpc.RpcError) as raised:
            KeyServiceStub(alone).GetKey(
                keys.GetKeyRequest(key_id="missing"), timeout=10, metadata=metadata
            )
        said = repr(raised.value) + repr(raised.value.trailing_metadata())
        assert SECRET[9:] not in said
        assert wrong[9:] not in said
    assert SECRET[9:-1] not in caplog.text


def test_health_asks_who_calls_unless_it_is_exempt(tmp_path: Path, served: Served) -> None:
    folder = tmp_path / "exempt"
    folder.mkdir()
    with serve(folder, anonymous_health=True, streams_per_identity=1) as exempt:
        for running, why in ((served, "IDENTITY_MISSING"), (exempt, "")):
            credentials = grpc.ssl_channel_credentials(running.authority.pem)
            target = f"localhost:{running.api_key_port}"
            with grpc.secure_channel(target, credentials) as channel:
                assert _health(channel) == why
                assert _sign(channel, ()) == "IDENTITY_MISSING"
        assert exempt.world.policy.judged == exempt.world.limits.admitted == []


def test_watches_of_unknown_callers_share_their_slots(tmp_path: Path) -> None:
    request = health_pb2.HealthCheckRequest()
    with serve(tmp_path, anonymous_health=True, streams_per_identity=1) as served:
        credentials = grpc.ssl_channel_credentials(served.authority.pem)
        target = f"localhost:{served.api_key_port}"
        options = [("grpc.use_local_subchannel_pool", 1)]
        with (
            grpc.secure_channel(target, credentials, options) as one,
            grpc.secure_channel(target, credentials, options) as other,
        ):
            watch = health_pb2_grpc.HealthStub(one).Watch(request, timeout=30)
            assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
            with pytest.raises(grpc.RpcError) as raised:
                next(health_pb2_grpc.HealthStub(other).Watch(request, timeout=10))
            assert reason(raised.value) == "STREAM_LIMIT"
            call = served.signing().SignStream(
                iter([pb.SignStreamRequest(id=1, request=REQUEST)]), timeout=10
            )
            assert [answer.id for answer in call] == [1]  # whoever is known has slots of its own
            watch.cancel()


def _health(channel: grpc.Channel) -> str:
    try:
        health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
    except grpc.RpcError as error:
        return reason(error)
    return ""
