"""Who may connect, and who may call."""

from __future__ import annotations

from datetime import timedelta

import grpc
import pytest
from signward.v1 import sign_service_pb2 as pb
from signward.v1.key_service_pb2 import GetKeyRequest
from signward.v1.sign_service_pb2_grpc import SignServiceStub
from signward_server.core.method_classes import MethodClass

from tests.fakes.spine.serving import Served, reason
from tests.fakes.spine.tls import Issued, TestAuthority

pytestmark = pytest.mark.integration

REQUEST = pb.SignRequest(key="bot-key", raw=pb.RawMessage(message=b"hello"))


@pytest.fixture
def served(served: Served) -> Served:
    served.world.key()
    return served


def _refused(channel: grpc.Channel) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as raised:
        SignServiceStub(channel).Sign(REQUEST, timeout=5)
    return raised.value


def test_without_a_certificate_no_connection_is_made(served: Served) -> None:
    credentials = grpc.ssl_channel_credentials(served.authority.pem)
    with grpc.secure_channel(f"localhost:{served.port}", credentials) as channel:
        assert _refused(channel).code() is grpc.StatusCode.UNAVAILABLE
    with grpc.insecure_channel(f"localhost:{served.port}") as channel:
        assert _refused(channel).code() is grpc.StatusCode.UNAVAILABLE
    assert served.world.custody.asked == []


@pytest.mark.parametrize("kind", ["foreign", "expired", "not yet valid"])
def test_a_bad_certificate_makes_no_connection(served: Served, kind: str) -> None:
    issued: Issued
    if kind == "foreign":
        issued = TestAuthority().client("bot")
    else:
        age = timedelta(hours=2) if kind == "expired" else timedelta(hours=-2)
        issued = served.authority.client("bot", age=age)
    error = _refused(served.channel(issued=issued))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert served.world.custody.asked == []


@pytest.mark.parametrize("name", ["admin\0.evil", "bot\nroot", " "])
def test_s01_a_hostile_name_is_nobody(served: Served, name: str) -> None:
    error = _refused(served.channel(name))
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert reason(error) == "IDENTITY_UNKNOWN"


def test_s02_a_certificate_that_expires_ends_its_calls_on_an_open_connection(
    served: Served,
) -> None:
    channel = served.channel()
    assert SignServiceStub(channel).Sign(REQUEST, timeout=10).version == 1
    served.world.clock.advance(3600)
    error = _refused(channel)
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert reason(error) == "CERTIFICATE_INVALID"


def test_limits_are_asked_for_each_call_of_each_caller(served: Served) -> None:
    served.signing("bot").Sign(REQUEST, timeout=10)
    served.signing("other").Sign(REQUEST, timeout=10)
    served.keys("bot").GetKey(GetKeyRequest(key_id="bot-key"), timeout=10)
    counted = [(str(who), what, key) for who, what, key, _ in served.world.limits.admitted]
    assert counted == [
        ("cn:bot", MethodClass.SIGN, "bot-key"),
        ("cn:other", MethodClass.SIGN, "bot-key"),
        ("cn:bot", MethodClass.READ, ""),
    ]
    served.world.limits.refused.add(MethodClass.SIGN)
    with pytest.raises(grpc.RpcError) as raised:
        served.signing("bot").Sign(REQUEST, timeout=10)
    assert reason(raised.value) == "RATE_LIMITED"
