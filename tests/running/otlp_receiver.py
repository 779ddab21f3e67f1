"""An OTLP/gRPC collector in a process of its own: takes what comes, or fails in every way.

`python -m tests.running.otlp_receiver` prints its port, and then obeys one command a line:
`mode NAME` with a word of `Mode`, and `tell`, which prints what it has taken as one JSON line.
"""

from __future__ import annotations

import enum
import json
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

__all__ = ["Mode"]

_TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_METRICS = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
_SLOW = 0.5  # seconds


class Mode(enum.StrEnum):
    """How it answers."""

    LIVE = "live"
    HANGING = "hanging"  # never
    REFUSING = "refusing"  # with UNAVAILABLE
    REJECTING = "rejecting"  # that one span of each message is no good
    DENYING = "denying"  # with PERMISSION_DENIED
    FULL = "full"  # with RESOURCE_EXHAUSTED, and to come back in three seconds
    SLOW = "slow"  # after half a second


@dataclass(frozen=True)
class _Full(grpc.Status):
    """Implements `grpc.Status`."""

    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, bytes], ...]


def _full() -> _Full:
    status = Status(code=grpc.StatusCode.RESOURCE_EXHAUSTED.value[0], message="full")
    status.details.add().Pack(RetryInfo(retry_delay=Duration(seconds=3)))
    details = ("grpc-status-details-bin", status.SerializeToString())
    return _Full(grpc.StatusCode.RESOURCE_EXHAUSTED, "full", (details,))


class _Handler(grpc.GenericRpcHandler):
    def __init__(self) -> None:
        self.mode = Mode.LIVE
        self.traces: list[bytes] = []
        self.metrics: list[bytes] = []
        self.calls = 0
        self.headers: dict[str, str] = {}
        self.changed = threading.Event()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        found = {_TRACES: self._traces, _METRICS: self._metrics}.get(handler_call_details.method)
        return grpc.unary_unary_rpc_method_handler(found) if found else None

    def _traces(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        self._answer(context)
        self.traces.append(message)
        response = ExportTraceServiceResponse()
        if self.mode is Mode.REJECTING:
            partial = ExportTracePartialSuccess(rejected_spans=1, error_message="no good")
            response.partial_success.CopyFrom(partial)
        return response.SerializeToString()

    def _metrics(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        self._answer(context)
        self.metrics.append(message)
        return ExportMetricsServiceResponse().SerializeToString()

    def _answer(self, context: grpc.ServicerContext) -> None:
        self.calls += 1
        self.headers = {k: v for k, v in context.invocation_metadata() if isinstance(v, str)}
        if self.mode is Mode.HANGING:
            self.changed.wait(60)
            context.abort(grpc.StatusCode.CANCELLED, "")
        elif self.mode is Mode.REFUSING:
            context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
        elif self.mode is Mode.DENYING:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "not you")
        elif self.mode is Mode.FULL:
            context.abort_with_status(_full())
        elif self.mode is Mode.SLOW:
            self.changed.wait(_SLOW)

    def told(self) -> dict[str, Any]:
        return {
            "calls": self.calls,
            "headers": self.headers,
            "spans": list(_spans(self.traces)),
            "metrics": [_plain(ExportMetricsServiceRequest, m) for m in self.metrics],
        }

    def turn(self, mode: str) -> None:
        self.mode = Mode(mode)
        self.changed.set()
        self.changed = threading.Event()


def _plain(kind: type[Message], message: bytes) -> dict[str, Any]:
    return MessageToDict(kind.FromString(message), preserving_proto_field_name=True)


def _spans(messages: list[bytes]) -> Iterator[dict[str, Any]]:
    for message in messages:
        request = ExportTraceServiceRequest.FromString(message)
        for whole in request.resource_spans:
            resource = _named(whole.resource.attributes)
            for scope in whole.scope_spans:
                for span in scope.spans:
                    yield {
                        "resource": resource,
                        "scope": scope.scope.name,
                        "schema": scope.schema_url,
                        "name": span.name,
                        "kind": span.kind,
                        "flags": span.flags,
                        "trace_id": span.trace_id.hex(),
                        "span_id": span.span_id.hex(),
                        "parent_id": span.parent_span_id.hex(),
                        "start": span.start_time_unix_nano,
                        "end": span.end_time_unix_nano,
                        "status": span.status.code,
                        "message": span.status.message,
                        "attributes": _named(span.attributes),
                    }


def _named(attributes: Any) -> dict[str, str | int]:
    return {a.key: a.value.string_value or a.value.int_value for a in attributes}


def _credentials(folder: str) -> grpc.ServerCredentials:
    def read(name: str) -> bytes:
        with open(f"{folder}/{name}", "rb") as file:  # noqa: PTH123
            return file.read()

    pair = (read("server.key"), read("server.crt"))
    return grpc.ssl_server_credentials([pair], read("client-ca.crt"), require_client_auth=True)


def _say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main(address: str = "127.0.0.1:0", tls: str = "") -> None:
    handler = _Handler()
    server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers([handler])
    if tls:
        port = server.add_secure_port(address, _credentials(tls))
    else:
        port = server.add_insecure_port(address)
    server.start()
    _say(port)
    for line in sys.stdin:
        command, _, word = line.strip().partition(" ")
        if command == "mode":
            handler.turn(word)
        _say(json.dumps(handler.told() if command == "tell" else {}))
    server.stop(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
