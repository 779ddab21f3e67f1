"""Spans as OpenTelemetry's SDK has them, and by its encoder as OTLP has them.

Built directly, without its tracers: they have ended already. What spans of one caller, key and
outcome have in common is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.semconv.attributes import network_attributes
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from signward_server.telemetry.export.conventions import FAULTS, Origin, known, rpc_outcome
from signward_server.telemetry.tracing import FinishedSpan

__all__ = ["spans_message"]

_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_NO_ERROR: Final = Status()
_NANO = 1_000_000_000
_MOST = 4096  # combinations that are kept
_OTHERS: Final = (
    "signward.purpose",
    "signward.custody",
    "signward.decision",
    "signward.audit.log",
)
_SEQUENCE = "signward.audit.sequence"
_Common = tuple[str, bool, str, str, str, str, str, str, int, str, str, str, str]


class _Shared(NamedTuple):
    """What many spans have in common."""

    name: str
    kind: SpanKind
    status: Status
    attributes: dict[str, str | int]


def spans_message(spans: Sequence[FinishedSpan], origin: Origin) -> bytes:
    """Return an ``ExportTraceServiceRequest`` of at least one span."""
    message = encode_spans([_readable(span, origin) for span in spans])
    (scope,) = message.resource_spans[0].scope_spans
    for found in scope.spans:
        if found.kind == Span.SPAN_KIND_INTERNAL:
            found.flags = 0  # an item may have a parent of its own: whether remote is not known
    return message.SerializeToString()


def _readable(span: FinishedSpan, origin: Origin) -> ReadableSpan:
    trace_id, span_id, parent_id, end, duration, sequence, *_ = span
    shared, trace = _shared(span[6:]), int(trace_id, 16)
    numbered = shared.attributes if sequence < 0 else {**shared.attributes, _SEQUENCE: sequence}
    return ReadableSpan(
        shared.name,
        SpanContext(trace, int(span_id, 16), is_remote=False, trace_flags=_SAMPLED),
        SpanContext(trace, int(parent_id, 16), is_remote=True) if parent_id else None,
        origin.resource,
        numbered,
        kind=shared.kind,
        status=shared.status,
        start_time=end - int(duration * _NANO),
        end_time=end,
        instrumentation_scope=origin.scope,
    )


@lru_cache(_MOST)
def _shared(common: _Common) -> _Shared:
    method, is_item, status, reason, peer, identity, action, key, version, *others = common
    name = method.removeprefix("/")
    texts = rpc_outcome(name, status) | {
        network_attributes.NETWORK_PEER_ADDRESS: peer,
        "signward.outcome": reason or status,
        "signward.identity": identity,
        "signward.action": action,
        "signward.key": key,
        **dict(zip(_OTHERS, others, strict=True)),
    }
    numbers = {"signward.key.version": version} if version else {}
    return _Shared(
        f"{name} item" if is_item else name,
        SpanKind.INTERNAL if is_item else SpanKind.SERVER,
        Status(StatusCode.ERROR, reason or None) if status in FAULTS else _NO_ERROR,
        {**known(texts), **numbers},
    )
