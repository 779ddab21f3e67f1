"""Calls over mTLS through the real server."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from signward.v1 import admin_service_pb2 as admin
from signward.v1 import key_service_pb2 as keys
from signward.v1 import resources_pb2
from signward.v1 import sign_service_pb2 as pb
from signward.v1.sign_service_pb2_grpc import SignServiceStub
from signward_server.core.errors import Internal

from tests.fakes.spine.judges import Judgement
from tests.fakes.spine.serving import Served, details, eventually, reason

pytestmark = pytest.mark.integration

PLANTED = "PLANTED-KEY-MATERIAL"
REQUEST = pb.SignRequest(key="bot-key", raw=pb.RawMessage(message=b"hello"))
METHODS: list[MethodDescriptor] = [
    method
    for file in (admin.DESCRIPTOR, keys.DESCRIPTOR, pb.DESCRIPTOR)
    for service in file.services_by_name.values()
    for method in service.methods
]


def _unary(channel: grpc.Channel, method: str) -> grpc.UnaryUnaryMultiCallable:
    return channel.unary_unary(method, request_serializer=None, response_deserializer=None)


def _path(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"


def test_a_key_is_made_and_signs(served: Served) -> None:
    channel = served.channel("bot")
    created = served.keys("bot").CreateKey(
        keys.CreateKeyRequest(
            key_id="new",
            algorithm=resources_pb2.ALGORITHM_ECDSA_SECP256K1,
            custody=resources_pb2.CUSTODY_ENVELOPE,
            purpose=resources_pb2.PURPOSE_RAW,
        ),
        timeout=10,
    )
    assert created.key.owner == "cn:bot"
    stub = SignServiceStub(channel)
    raw = pb.RawMessage(message=b"x", hash=pb.HASH_KECCAK256)
    signed = stub.Sign(pb.SignRequest(key="new", raw=raw), timeout=10)
    question = pb.VerifyRequest(key="new", raw=raw, raw_signature=signed.raw)
    assert stub.Verify(question, timeout=10).valid


def test_a_unix_socket_serves_the_same(served: Served, tmp_path: Path) -> None:
    served.world.key()
    channel = served.channel("bot", target=f"unix:{tmp_path / 's.sock'}")
    assert SignServiceStub(channel).Sign(REQUEST, timeout=10).version == 1
    assert (tmp_path / "s.sock").stat().st_mode & 0o777 == 0o660


def test_batch_stream_and_unary_sign_the_same(served: Served) -> None:
    served.world.key()
    stub = served.signing()
    requests = [
        pb.SignRequest(key=key, raw=pb.RawMessage(message=bytes([n])))
        for n, key in enumerate(["bot-key", "missing", "bot-key", ""])
    ]
    batch = stub.SignBatch(pb.SignBatchRequest(requests=requests), timeout=10).results
    items = [pb.SignStreamRequest(id=n, request=r) for n, r in enumerate(requests)]
    stream = list(stub.SignStream(iter(items), timeout=10))
    assert [answer.id for answer in stream] == list(range(4))
    for request, result, answer in zip(requests, batch, stream, strict=True):
        if result.HasField("error"):
            with pytest.raises(grpc.RpcError) as raised:
                stub.Sign(request, timeout=10)
            assert details(raised.value) == result.error == answer.error
        else:
            signature = stub.Sign(request, timeout=10).raw
            assert signature == result.response.raw == answer.response.raw


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_every_rpc_has_a_route_that_answers_with_one_error_info(
    served: Served, method: MethodDescriptor
) -> None:
    if method.client_streaming:
        stub = served.channel().stream_stream(_path(method))
        (answer,) = stub(iter([b"garbage"]), timeout=10)
        assert reason(pb.SignStreamResponse.FromString(answer).error) == "PAYLOAD_MALFORMED"
        return
    with pytest.raises(grpc.RpcError) as raised:
        _unary(served.channel(), _path(method))(b"garbage", timeout=10)
    offered = {
        grpc.StatusCode.INVALID_ARGUMENT: "PAYLOAD_MALFORMED",
        grpc.StatusCode.UNIMPLEMENTED: "METHOD_UNIMPLEMENTED",
    }
    assert reason(raised.value) == offered[raised.value.code()]
    assert len(raised.value.trailing_metadata()) == 1


def test_an_unknown_method_is_unimplemented(served: Served) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        _unary(served.channel(), "/signward.v1.SignService/Other")(b"", timeout=10)
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_an_unexpected_exception_leaves_no_trace_of_its_text(
    served: Served, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    served.world.key()

    def fail(judgement: Judgement) -> bool:
        raise RuntimeError(PLANTED)

    served.world.policy.rule = fail
    for call in (
        lambda: served.signing().Sign(REQUEST, timeout=10),
        lambda: served.keys().GetKey(keys.GetKeyRequest(key_id="bot-key"), timeout=10),
    ):
        with pytest.raises(grpc.RpcError) as raised:
            call()
        assert raised.value.code() is grpc.StatusCode.INTERNAL
        assert raised.value.details() == Internal.text
        assert reason(raised.value) == "INTERNAL"
        assert PLANTED not in repr(raised.value)
    answers = list(
        served.signing().SignStream(
            iter([pb.SignStreamRequest(id=n, request=REQUEST) for n in (1, 2)]), timeout=10
        )
    )
    assert [reason(answer.error) for answer in answers] == ["INTERNAL"] * 2
    assert "unexpected error" in caplog.text
    assert PLANTED not in repr([vars(record) for record in caplog.records])
    assert PLANTED not in "".join(capfd.readouterr())


def test_all_bad_fields_fit_into_one_answer(served: Served) -> None:
    request = keys.CreateKeyRequest(
        key_id="-" * 200,
        owner="nobody",
        user_id="\0",
        labels={f"<{n}>": "<>" for n in range(40)},
        request_id=" ",
    )
    with pytest.raises(grpc.RpcError) as raised:
        served.keys().CreateKey(request, timeout=10)
    assert reason(raised.value) == "FIELD_INVALID"
    assert len(details(raised.value).SerializeToString()) < 2000


@pytest.mark.parametrize("size", [3 << 20, 100 << 20])
def test_a_message_over_the_limit_is_refused(served: Served, size: int) -> None:
    served.world.key()
    channel = served.channel()
    with pytest.raises(grpc.RpcError) as raised:
        _unary(channel, "/signward.v1.SignService/Sign")(bytes(size), timeout=20)
    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert SignServiceStub(channel).Sign(REQUEST, timeout=10).version == 1


def test_s42_metadata_over_8_kib_is_refused(served: Served) -> None:
    served.world.key()
    stub = served.signing()
    stub.Sign(REQUEST, timeout=10, metadata=[("x-small", "x" * 4096)])
    with pytest.raises(grpc.RpcError) as raised:
        stub.Sign(REQUEST, timeout=10, metadata=[("x-large", "x" * 9000)])
    assert raised.value.code() in {
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.UNAVAILABLE,
    }
    assert len(served.world.custody.asked) == 1
    stub.Sign(REQUEST, timeout=10)


def test_s42_a_batch_over_1_mib_is_refused_with_our_reason(served: Served) -> None:
    requests = [pb.SignRequest(key="k", raw=pb.RawMessage(message=bytes(65_536)))] * 17
    with pytest.raises(grpc.RpcError) as raised:
        served.signing().SignBatch(pb.SignBatchRequest(requests=requests), timeout=10)
    assert reason(raised.value) == "MESSAGE_TOO_LARGE"


class _Held:
    """A policy that lets go of a signature when the test says so."""

    def __init__(self) -> None:
        self.reached, self.go = threading.Event(), threading.Event()

    def __call__(self, judgement: Judgement) -> bool:
        if judgement.action == "SignRaw":
            self.reached.set()
            assert self.go.wait(10)
        return True


@pytest.fixture
def held(served: Served) -> _Held:
    served.world.key()
    served.world.policy.rule = held = _Held()
    return held


def test_nothing_is_signed_after_the_deadline(served: Served, held: _Held) -> None:
    channel = served.channel()
    grpc.channel_ready_future(channel).result(10)
    with pytest.raises(grpc.RpcError) as raised:
        SignServiceStub(channel).Sign(REQUEST, timeout=1)
    assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert held.reached.wait(10)
    assert eventually(lambda: _cancelled_at_the_server(served))
    held.go.set()
    assert eventually(lambda: bool(served.world.audit.outcomes))
    assert served.world.audit.outcomes[0] in {"DEADLINE_EXCEEDED", "CANCELLED"}
    assert served.world.custody.asked == []


def test_nothing_is_signed_after_cancellation(served: Served, held: _Held) -> None:
    call = served.signing().Sign.future(REQUEST, timeout=10)
    assert held.reached.wait(10)
    call.cancel()
    assert eventually(lambda: _cancelled_at_the_server(served))
    held.go.set()
    assert eventually(lambda: served.world.audit.outcomes == ["CANCELLED"])
    assert served.world.custody.asked == []
    served.world.policy.rule = lambda judgement: True
    assert served.signing().Sign(REQUEST, timeout=10).version == 1


def _cancelled_at_the_server(served: Served) -> bool:
    states = served.server._main._server._state.rpc_states  # type: ignore[attr-defined]
    return all(state.client == "cancelled" for state in states)
