from __future__ import annotations

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2 as pb
from signward_server.core.method_classes import MethodClass
from signward_server.rpc.reflection import REFLECTION_SERVICES

from tests.fakes.spine.serving import SERVICES, Served, reason

pytestmark = pytest.mark.integration

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def _health(served: Served) -> health_pb2_grpc.HealthStub:
    return health_pb2_grpc.HealthStub(served.channel())


@pytest.mark.parametrize("service", ["", *SERVICES])
def test_check(served: Served, service: str) -> None:
    stub, question = _health(served), health_pb2.HealthCheckRequest(service=service)
    assert stub.Check(question, timeout=10).status == SERVING
    served.ready[0] = False
    assert stub.Check(question, timeout=10).status == NOT_SERVING


def test_check_of_an_unknown_service(served: Served) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        _health(served).Check(health_pb2.HealthCheckRequest(service="other"), timeout=10)
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND
    assert reason(raised.value) == "SERVICE_UNKNOWN"


def test_watch_follows_and_ends_with_the_daemon(served: Served) -> None:
    stub = _health(served)
    watch = stub.Watch(health_pb2.HealthCheckRequest(service=SERVICES[0]), timeout=20)
    unknown = stub.Watch(health_pb2.HealthCheckRequest(service="other"), timeout=20)
    assert next(unknown).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    assert next(watch).status == SERVING
    served.ready[0] = False
    assert next(watch).status == NOT_SERVING
    served.ready[0] = True
    assert next(watch).status == SERVING
    served.health.close()
    assert [answer.status for answer in watch] == [NOT_SERVING]
    assert watch.code() is grpc.StatusCode.OK
    assert list(unknown) == []


def _reflect(
    served: Served, service: str, *questions: pb.ServerReflectionRequest
) -> list[pb.ServerReflectionResponse]:
    call = served.channel().stream_stream(
        f"/{service}/ServerReflectionInfo",
        request_serializer=pb.ServerReflectionRequest.SerializeToString,
        response_deserializer=pb.ServerReflectionResponse.FromString,
    )
    return list(call(iter(questions), timeout=10))


@pytest.mark.parametrize("service", REFLECTION_SERVICES)
def test_reflection_lists_and_describes_every_service(served: Served, service: str) -> None:
    questions = [pb.ServerReflectionRequest(list_services="")]
    expected = {*SERVICES, *REFLECTION_SERVICES, "grpc.health.v1.Health"}
    questions += [pb.ServerReflectionRequest(file_containing_symbol=name) for name in expected]
    listed, *described = _reflect(served, service, *questions)
    assert {found.name for found in listed.list_services_response.service} == expected
    for answer in described:
        assert answer.file_descriptor_response.file_descriptor_proto


@pytest.mark.parametrize("service", REFLECTION_SERVICES)
def test_reflection_refuses_garbage(served: Served, service: str) -> None:
    call = served.channel().stream_stream(f"/{service}/ServerReflectionInfo")
    with pytest.raises(grpc.RpcError) as raised:
        list(call(iter([b"garbage"]), timeout=10))
    assert reason(raised.value) == "PAYLOAD_MALFORMED"


@pytest.mark.parametrize("service", REFLECTION_SERVICES)
def test_each_question_of_a_reflection_stream_counts(served: Served, service: str) -> None:
    question = pb.ServerReflectionRequest(list_services="")
    served.world.limits.room = 3
    assert len(_reflect(served, service, question, question)) == 2
    with pytest.raises(grpc.RpcError) as raised:
        _reflect(served, service, question, question)
    assert reason(raised.value) == "RATE_LIMITED"
    counted = [(what, cost) for _, what, _, cost in served.world.limits.admitted]
    assert counted == [(MethodClass.REFLECTION, 1)] * 3
