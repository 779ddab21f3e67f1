"""Spans on the wire, compared with what OpenTelemetry's own SDK writes."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.semconv._incubating.attributes import rpc_attributes
from opentelemetry.semconv.attributes import error_attributes, network_attributes
from opentelemetry.semconv.schemas import Schemas
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags
from signward_server.core.errors import Status as GrpcStatus
from signward_server.core.ports import AuditReceipt, Trace
from signward_server.telemetry.export.conventions import FAULTS, SCHEMA
from signward_server.telemetry.export.span_encoding import SpanEncoder
from signward_server.telemetry.export.wire import varint
from signward_server.telemetry.tracing import FinishedSpan

from tests.fakes.finished_spans import NOW, TRACE, entry, finished

SAMPLED = 0x01  # which the SDK leaves out of a span's flags


def encoded(*spans: FinishedSpan) -> list[Span]:
    return list(ScopeSpans.FromString(SpanEncoder().encode(spans)).spans)


def by_the_sdk(
    name: str, kind: SpanKind, attributes: dict[str, str | int], status: Status, trace: Trace
) -> Span:
    context = SpanContext(int(trace.trace_id, 16), int(trace.span_id, 16), False, TraceFlags(1))
    parent = None
    if trace.parent_id:
        parent = SpanContext(context.trace_id, int(trace.parent_id, 16), True, TraceFlags(1))
    span = ReadableSpan(
        name,
        context,
        parent,
        Resource({}),
        attributes,
        kind=kind,
        status=status,
        start_time=NOW - 250_000,
        end_time=NOW,
    )
    found = encode_spans([span]).resource_spans[0].scope_spans[0].spans[0]
    found.flags |= SAMPLED
    if status.is_unset:
        found.ClearField("status")  # an empty one means the same as none
    return found


CALL = {
    rpc_attributes.RPC_SYSTEM_NAME: rpc_attributes.RpcSystemNameValues.GRPC.value,
    rpc_attributes.RPC_METHOD: "signward.v1.SignService/Sign",
    rpc_attributes.RPC_RESPONSE_STATUS_CODE: "OK",
    network_attributes.NETWORK_PEER_ADDRESS: "192.0.2.1",
    "signward.outcome": "OK",
    "signward.identity": "cn:bot",
    "signward.action": "SignOrder",
    "signward.key": "desk-1",
    "signward.key.version": 2,
    "signward.purpose": "order",
    "signward.custody": "envelope",
    "signward.decision": "allow",
    "signward.audit.log": "signward/0011",
    "signward.audit.sequence": 7,
}


@pytest.mark.parametrize("trace", [TRACE, Trace(TRACE.trace_id, TRACE.span_id, "")])
def test_a_call_is_written_as_the_sdk_would(trace):
    expected = by_the_sdk(
        "signward.v1.SignService/Sign", SpanKind.SERVER, CALL, Status(StatusCode.UNSET), trace
    )
    assert encoded(finished(trace=trace)) == [expected]


def test_a_fault_is_an_error_and_says_which():
    (found,) = encoded(finished(status="UNAVAILABLE", reason="AUDIT_UNAVAILABLE"))
    changed = {
        rpc_attributes.RPC_RESPONSE_STATUS_CODE: "UNAVAILABLE",
        "signward.outcome": "AUDIT_UNAVAILABLE",
    }
    attributes = {
        name: value
        for key, old in CALL.items()
        for name, value in (
            (key, changed.get(key, old)),
            *(
                [(error_attributes.ERROR_TYPE, "UNAVAILABLE")]
                if key == rpc_attributes.RPC_RESPONSE_STATUS_CODE
                else []
            ),
        )
    }
    expected = by_the_sdk(
        "signward.v1.SignService/Sign",
        SpanKind.SERVER,
        attributes,
        Status(StatusCode.ERROR, "AUDIT_UNAVAILABLE"),
        TRACE,
    )
    assert found == expected


def test_an_item_is_no_call():
    (found,) = encoded(finished(is_item=True))
    assert found.name == "signward.v1.SignService/Sign item"
    assert found.kind == Span.SPAN_KIND_INTERNAL
    assert found.parent_span_id.hex() == TRACE.parent_id
    assert found.flags == SAMPLED  # it is not known whether its parent is remote


def test_what_is_not_known_is_left_out():
    (found,) = encoded(finished(entry=None, receipt=None, identity="", peer=""))
    assert [attribute.key for attribute in found.attributes] == [
        "rpc.system.name",
        "rpc.method",
        "rpc.response.status_code",
        "signward.outcome",
    ]
    (first,) = encoded(finished(receipt=AuditReceipt("signward/0011", 0)))
    assert first.attributes[-1].value.int_value == 0
    assert first.attributes[-1].key == "signward.audit.sequence"


@pytest.mark.parametrize("status", GrpcStatus)
def test_what_the_caller_did_wrong_is_no_error_of_ours(status):
    """As the semantic conventions have it for the spans of servers."""
    (found,) = encoded(finished(status=status.name, reason="SOME_REASON"))
    names = {attribute.key for attribute in found.attributes}
    ours = status.name in FAULTS
    assert (found.status.code == 2) is ours
    assert ("error.type" in names) is ours


def test_names_are_those_of_the_semantic_conventions():
    assert Schemas.V1_44_0.value == SCHEMA


@given(
    text=st.text(max_size=300),
    version=st.integers(0, 2**32 - 1),
    sequence=st.integers(0, 2**63 - 1),
    duration=st.floats(0, 3600),
)
def test_whatever_a_caller_is_called_comes_out_again(text, version, sequence, duration):
    span = finished(
        identity=text,
        duration=duration,
        entry=entry(key=text, version=version),
        receipt=AuditReceipt("log", sequence),
    )
    (found,) = encoded(span)
    values = {a.key: a.value.string_value or a.value.int_value for a in found.attributes}
    assert values.get("signward.identity", "") == text
    assert values.get("signward.key", "") == text
    assert values.get("signward.key.version", 0) == version
    assert values["signward.audit.sequence"] == sequence
    assert found.end_time_unix_nano - found.start_time_unix_nano == int(duration * 1e9)


def test_what_is_no_unicode_cannot_stop_the_others():
    strange, plain = encoded(finished(identity="cn:\ud800"), finished())
    assert [a.value.string_value for a in strange.attributes if a.key == "signward.identity"] == [
        "cn:?"
    ]
    assert plain.name == strange.name


@given(st.integers(0, 2**64 - 1))
def test_numbers_are_written_as_protobuf_has_them(number):
    span = Span.FromString(b"\x50" + varint(number % 2**32))  # dropped_attributes_count
    assert span.dropped_attributes_count == number % 2**32
    assert len(varint(number)) == max(1, -(-number.bit_length() // 7))


def test_what_spans_have_in_common_is_kept_within_bounds():
    encoder = SpanEncoder()
    for number in range(10_000):
        encoder.encode([finished(entry=entry(key=f"key-{number}"))])
    assert len(encoder._known) <= 4096


def test_encoding_takes_a_fraction_of_what_the_sdk_takes():
    encoder, spans = SpanEncoder(), [finished() for _ in range(200)]
    status = Status(StatusCode.UNSET)

    def took(work) -> float:
        times = []
        for _ in range(5):
            began = time.process_time()
            work()
            times.append(time.process_time() - began)
        return min(times)

    ours = took(lambda: encoder.encode(spans))
    theirs = took(lambda: [by_the_sdk("name", SpanKind.SERVER, CALL, status, TRACE) for _ in spans])
    assert ours < theirs / 3
