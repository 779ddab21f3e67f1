"""The collector, over OTLP/gRPC (opentelemetry.io, "OTLP Specification").

Files are read again for each new connection, so that renewed ones count. What the collector
says is believed in nothing but its status, the time to wait, and how much it has refused.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from signward_server.core.plain_files import FileRefused, read_plain
from signward_server.telemetry.destination import Destination

__all__ = ["Collector", "Outcome"]

_TRACES: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_METRICS: Final = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
_LARGEST = 1 << 20  # bytes of a file
_LARGEST_ANSWER = 1 << 16
_STATUS_DETAILS = "grpc-status-details-bin"
_OPTIONS: Final = (
    ("grpc.enable_retries", 0),
    ("grpc.max_receive_message_length", _LARGEST_ANSWER),
    ("grpc.max_reconnect_backoff_ms", 10_000),
)
_is_name = re.compile(r"(?!.*-bin$)[A-Za-z0-9_.-]+", re.IGNORECASE).fullmatch  # RFC 9110
_AGAIN: Final = frozenset(
    {
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt.

    Attributes:
        status: Name of the gRPC status, or what is wrong with a file.
        refused: Of a message that was taken: how many spans were not.
        again: Whether trying again may help.
        wait: Seconds that the collector asks for first; 0 if it does not.
    """

    status: str
    refused: int = 0
    again: bool = False
    wait: float = 0.0

    @property
    def taken(self) -> bool:
        """Whether the message was."""
        return self.status == grpc.StatusCode.OK.name


class Collector:
    """Sends to one collector, one message at a time.

    Args:
        destination: Which, and how.
    """

    def __init__(self, destination: Destination) -> None:
        self._destination = destination
        self._channel: grpc.Channel | None = None
        self._headers: tuple[tuple[str, str], ...] = ()

    def send_spans(self, message: bytes, timeout: float) -> Outcome:
        """Send an ``ExportTraceServiceRequest``; see ``Outcome``."""
        return self._send(_TRACES, message, timeout)

    def send_metrics(self, message: bytes, timeout: float) -> Outcome:
        """Send an ``ExportMetricsServiceRequest``; see ``Outcome``."""
        return self._send(_METRICS, message, timeout)

    def close(self) -> None:
        """Close the connection; the next message opens another one."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def _send(self, method: str, message: bytes, timeout: float) -> Outcome:
        try:
            channel = self._channel = self._channel or self._connection()
        except (OSError, FileRefused, ValueError):
            return Outcome("a file cannot be read", again=True)
        export = channel.unary_unary(method, _as_it_is, _as_it_is)
        try:
            answer = export(message, timeout=timeout, metadata=self._headers)
        except grpc.RpcError as exc:
            self.close()
            return _failed(cast("grpc.Call", exc))  # as that of every call that failed
        return Outcome(grpc.StatusCode.OK.name, _refused(method, answer))

    def _connection(self) -> grpc.Channel:
        there = self._destination
        self._headers = tuple(_headers(_read(there.headers))) if there.headers else ()
        if not there.encrypted:
            return grpc.insecure_channel(there.target, options=_OPTIONS)
        credentials = grpc.ssl_channel_credentials(
            root_certificates=_read(there.ca) if there.ca else None,
            private_key=_read(there.private_key) if there.private_key else None,
            certificate_chain=_read(there.certificate) if there.certificate else None,
        )
        return grpc.secure_channel(there.target, credentials, options=_OPTIONS)


def _read(path: str) -> bytes:
    return read_plain(Path(path), _LARGEST)


def _headers(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield the headers of a file.

    Raises:
        ValueError: A line is none.
    """
    for line in filter(str.strip, content.decode("ascii").splitlines()):
        name, _, text = (part.strip() for part in line.partition(":"))
        if not _is_name(name) or not text.isprintable():
            raise ValueError
        yield name.lower(), text


def _as_it_is(message: bytes) -> bytes:
    return message


def _failed(error: grpc.Call) -> Outcome:
    code, wait = error.code(), _wait(error)
    full = code is grpc.StatusCode.RESOURCE_EXHAUSTED and wait > 0
    return Outcome(code.name, again=full or code in _AGAIN, wait=wait)


def _wait(error: grpc.Call) -> float:
    """Return the seconds to wait, as ``RetryInfo`` has them; 0 if it says nothing."""
    status, info = Status(), RetryInfo()
    for name, content in error.trailing_metadata() or ():
        if name == _STATUS_DETAILS and isinstance(content, bytes):
            with contextlib.suppress(DecodeError):
                status.ParseFromString(content)
    for detail in status.details:
        with contextlib.suppress(DecodeError):
            if detail.Unpack(info):
                return float(info.retry_delay.ToTimedelta().total_seconds())
    return 0.0


def _refused(method: str, answer: bytes) -> int:
    """Return how many spans of a message that was taken were refused."""
    if method != _TRACES:
        return 0
    response = ExportTraceServiceResponse()
    with contextlib.suppress(DecodeError):
        response.ParseFromString(answer)
    return max(0, int(response.partial_success.rejected_spans))
