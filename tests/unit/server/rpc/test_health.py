from __future__ import annotations

import threading

import pytest
from grpc_health.v1 import health_pb2 as pb
from signward_server.core.errors import (
    Cancelled,
    PayloadMalformed,
    PolicyDenied,
    ServiceUnknown,
)
from signward_server.rpc import health as health_module
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.health import Health

from tests.fakes.spine.call import BOT
from tests.fakes.spine.context import FakeContext
from tests.fakes.spine.rpc import grpc_call
from tests.fakes.spine.world import World

SERVING, NOT_SERVING = pb.HealthCheckResponse.SERVING, pb.HealthCheckResponse.NOT_SERVING
SERVICE = "signward.v1.SignService"


class _Ready:
    def __init__(self) -> None:
        self.now = True

    def __call__(self) -> bool:
        return self.now


class _Guard:
    """Lets callers pass until it refuses."""

    def __init__(self) -> None:
        self.refuses = False
        self.asked: list[GrpcCall] = []

    def __call__(self, call: GrpcCall) -> None:
        self.asked.append(call)
        if self.refuses:
            raise PolicyDenied


@pytest.fixture
def ready() -> _Ready:
    return _Ready()


@pytest.fixture
def guard() -> _Guard:
    return _Guard()


@pytest.fixture
def health(ready: _Ready, guard: _Guard, monkeypatch: pytest.MonkeyPatch) -> Health:
    monkeypatch.setattr(health_module, "_LOOK_AGAIN", 0.01)
    return Health(frozenset({SERVICE}), ready, guard)


def _ask(service: str) -> bytes:
    return pb.HealthCheckRequest(service=service).SerializeToString()


def _check(health: Health, service: str) -> int:
    unary = health.routes()[0].unary
    assert unary is not None
    return pb.HealthCheckResponse.FromString(unary(_ask(service), grpc_call(World()))).status


def _watch(health: Health, *data: bytes, context: FakeContext | None = None):
    streaming = health.routes()[1].streaming
    assert streaming is not None
    for answer in streaming(iter(data), grpc_call(World(), context=context)):
        yield pb.HealthCheckResponse.FromString(answer).status


@pytest.mark.parametrize("service", ["", SERVICE])
def test_check_is_true_exactly_when_a_signature_could_be_made(
    health: Health, ready: _Ready, service: str
) -> None:
    assert _check(health, service) == SERVING
    ready.now = False
    assert _check(health, service) == NOT_SERVING
    ready.now = True
    assert _check(health, service) == SERVING
    health.close()
    assert _check(health, service) == NOT_SERVING


def test_an_unknown_service_is_not_found_by_check(health: Health) -> None:
    with pytest.raises(ServiceUnknown):
        _check(health, "signward.v1.Other")


def test_check_asks_its_guard_before_it_looks_at_anything(health: Health, guard: _Guard) -> None:
    _check(health, SERVICE)
    assert [call.identity for call in guard.asked] == [BOT]
    guard.refuses = True
    for service in (SERVICE, "signward.v1.Other"):
        with pytest.raises(PolicyDenied):
            _check(health, service)


def test_list_says_the_same_of_each_service(health: Health, ready: _Ready, guard: _Guard) -> None:
    unary = health.routes()[2].unary
    assert unary is not None
    question = pb.HealthListRequest().SerializeToString()
    for ready.now, status in ((True, SERVING), (False, NOT_SERVING)):
        answer = pb.HealthListResponse.FromString(unary(question, grpc_call(World())))
        said = {service: one.status for service, one in answer.statuses.items()}
        assert said == {"": status, SERVICE: status}
    guard.refuses = True
    with pytest.raises(PolicyDenied):
        unary(question, grpc_call(World()))


def test_s04_watch_asks_its_guard_before_each_answer(health: Health, guard: _Guard) -> None:
    watch = _watch(health, _ask(SERVICE))
    assert next(watch) == SERVING
    guard.refuses = True
    with pytest.raises(PolicyDenied):
        next(watch)


def test_watch_tells_each_change_once(health: Health, ready: _Ready) -> None:
    watch = _watch(health, _ask(SERVICE))
    assert next(watch) == SERVING
    ready.now = False
    assert next(watch) == NOT_SERVING
    ready.now = True
    assert next(watch) == SERVING


def test_watch_says_that_it_does_not_know_a_service_and_goes_on(health: Health) -> None:
    watch = _watch(health, _ask("signward.v1.Other"))
    assert next(watch) == pb.HealthCheckResponse.SERVICE_UNKNOWN
    threading.Timer(0.05, health.close).start()
    assert list(watch) == []


def test_watch_ends_after_it_has_said_that_the_daemon_stops(health: Health) -> None:
    watch = _watch(health, _ask(""))
    assert next(watch) == SERVING
    threading.Timer(0.05, health.close).start()
    assert list(watch) == [NOT_SERVING]


def test_watch_ends_when_its_caller_has_gone(health: Health) -> None:
    context = FakeContext()
    watch = _watch(health, _ask(""), context=context)
    next(watch)
    context.active = False
    with pytest.raises(Cancelled):
        next(watch)


def test_a_watch_without_a_question_or_with_garbage_ends(health: Health) -> None:
    assert list(_watch(health)) == []
    with pytest.raises(PayloadMalformed):
        list(_watch(health, b"garbage"))
