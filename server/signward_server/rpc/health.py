"""grpc.health.v1: whether a signature could be made now, and no more (promise 10)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from grpc_health.v1 import health_pb2

from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import ServiceUnknown
from signward_server.core.method_classes import MethodClass
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.parsing import parse
from signward_server.rpc.routes import Route, Streaming, Unary

__all__ = ["CHECK_HEALTH", "Health"]

CHECK_HEALTH = "CheckHealth"

_SERVICE = "/grpc.health.v1.Health/"
_ACTIONS = (CHECK_HEALTH,)
_LOOK_AGAIN = 0.5


class Health:
    """The health service, for the daemon ("") and for each of its services.

    Args:
        services: Full names of the services that it answers for.
        ready: Whether a signature could be made now.
        guard: Returns if the caller may ask, and raises otherwise; ``None`` exempts callers
            from showing who they are, and from policy.
    """

    def __init__(
        self,
        services: frozenset[str],
        ready: Callable[[], bool],
        guard: Callable[[GrpcCall], None] | None,
    ) -> None:
        self._services = services | {""}
        self._ready = ready
        self._anonymous = guard is None
        self._guard = guard or _exempt
        self._stopped = threading.Event()

    def routes(self) -> list[Route]:
        """Return its RPCs."""
        routes = [
            self._route("Check", unary=self._check),
            self._route("Watch", streaming=self._watch),
        ]
        if hasattr(health_pb2, "HealthListRequest"):  # since grpcio-health-checking 1.85
            routes.append(self._route("List", unary=self._list))
        return routes

    def _route(
        self, name: str, unary: Unary | None = None, streaming: Streaming | None = None
    ) -> Route:
        return Route(
            _SERVICE + name,
            _ACTIONS,
            MethodClass.HEALTH,
            AuditEvent.FAILURE,
            unary=unary,
            streaming=streaming,
            anonymous=self._anonymous,
        )

    def close(self) -> None:
        """Say NOT_SERVING from now on, and end all watches after they have said so."""
        self._stopped.set()

    def _check(self, data: bytes, call: GrpcCall) -> bytes:
        self._guard(call)
        request = parse(health_pb2.HealthCheckRequest, data)
        if request.service not in self._services:
            raise ServiceUnknown
        return _answer(self._status(request.service))

    def _list(self, data: bytes, call: GrpcCall) -> bytes:
        self._guard(call)
        parse(health_pb2.HealthListRequest, data)
        statuses = {
            service: health_pb2.HealthCheckResponse(status=self._status(service))
            for service in self._services
        }
        answer: bytes = health_pb2.HealthListResponse(statuses=statuses).SerializeToString()
        return answer

    def _watch(self, requests: Iterator[bytes], call: GrpcCall) -> Iterator[bytes]:
        data = next(requests, None)
        if data is None:
            return
        service = parse(health_pb2.HealthCheckRequest, data).service
        said = None
        while True:
            stopped = self._stopped.is_set()
            status = self._status(service)
            self._guard(call)
            if status != said:
                said = status
                yield _answer(status)
            if stopped:
                return
            self._stopped.wait(_LOOK_AGAIN)
            call.ensure_live()

    def _status(self, service: str) -> health_pb2.HealthCheckResponse.ServingStatus:
        if service not in self._services:
            return health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        if self._stopped.is_set() or not self._ready():
            return health_pb2.HealthCheckResponse.NOT_SERVING
        return health_pb2.HealthCheckResponse.SERVING


def _exempt(call: GrpcCall) -> None:
    del call


def _answer(status: health_pb2.HealthCheckResponse.ServingStatus) -> bytes:
    answer: bytes = health_pb2.HealthCheckResponse(status=status).SerializeToString()
    return answer
