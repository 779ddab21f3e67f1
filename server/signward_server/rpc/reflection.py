"""Server reflection, so that grpcurl needs no proto files.

``grpcio-reflection`` speaks v1alpha; v1 has the same messages under another name, so one
servicer answers both, and the description of v1 is made from that of v1alpha.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from google.protobuf import descriptor_pb2, descriptor_pool, text_format
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.reflection import ReflectionServicer

from signward_server.core.audit_events import AuditEvent
from signward_server.core.method_classes import MethodClass
from signward_server.core.ports import Limits
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.parsing import parse
from signward_server.rpc.routes import Route

__all__ = ["REFLECT", "REFLECTION_SERVICES", "Reflection"]

REFLECT = "Reflect"

REFLECTION_SERVICES = (
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
)


class Reflection:
    """The reflection service.

    Args:
        services: Full names of all services that a caller may ask about.
        guard: Returns if the caller may ask, and raises otherwise.
        limits: How often; a stream counts as its first question, each further one as a call.
    """

    def __init__(
        self, services: Iterable[str], guard: Callable[[GrpcCall], None], limits: Limits
    ) -> None:
        _describe_v1()
        self._guard = guard
        self._limits = limits
        self._servicer = ReflectionServicer(tuple(services))

    def routes(self) -> list[Route]:
        """Return its RPCs."""
        return [
            Route(
                f"/{service}/ServerReflectionInfo",
                (REFLECT,),
                MethodClass.REFLECTION,
                AuditEvent.FAILURE,
                streaming=self._info,
            )
            for service in REFLECTION_SERVICES
        ]

    def _info(self, requests: Iterator[bytes], call: GrpcCall) -> Iterator[bytes]:
        for answer in self._servicer.ServerReflectionInfo(
            self._asked(requests, call), call.context
        ):
            yield answer.SerializeToString()

    def _asked(
        self, requests: Iterator[bytes], call: GrpcCall
    ) -> Iterator[reflection_pb2.ServerReflectionRequest]:
        for number, data in enumerate(requests):
            call.ensure_live()
            if number:
                self._limits.admit(call.identity, MethodClass.REFLECTION)
            self._guard(call)
            yield parse(reflection_pb2.ServerReflectionRequest, data)


def _describe_v1() -> None:
    """Make v1 known by its own name; without it `grpcurl describe` stops there. Idempotent."""
    alpha = descriptor_pb2.FileDescriptorProto()
    reflection_pb2.DESCRIPTOR.CopyToProto(alpha)
    text = text_format.MessageToString(alpha).replace("v1alpha", "v1")
    stable = text_format.Parse(text, descriptor_pb2.FileDescriptorProto())
    descriptor_pool.Default().AddSerializedFile(stable.SerializeToString())
