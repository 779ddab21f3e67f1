"""Spans on the wire: the messages of OTLP that a collector gets."""

import pytest
from google.protobuf.unknown_fields import UnknownFieldSet
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span
from signward_server.core.errors import Status as GrpcStatus
from signward_server.core.ports import AuditReceipt, Trace
from signward_server.telemetry.export import spans as module
from signward_server.telemetry.export.conventions import FAULTS, Origin
from signward_server.telemetry.export.spans import spans_message
from signward_server.telemetry.tracing import FinishedSpan

from tests.fakes.finished_spans import NOW, TRACE, entry, finished

ORIGIN = Origin.of({"service.name": "signward"})
UNSET, ERROR = 0, 2  # Status.StatusCode
LOCAL, REMOTE = 0x100, 0x300  # SpanFlags: it is known whether the parent is remote; and it is
CALL: dict[str, str | int] = {
    "rpc.system.name": "grpc",
    "rpc.method": "signward.v1.SignService/Sign",
    "rpc.response.status_code": "OK",
    "network.peer.address": "192.0.2.1",
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


def encoded(*spans: FinishedSpan) -> list[Span]:
    message = ExportTraceServiceRequest.FromString(spans_message(spans, ORIGIN))
    (whole,) = message.resource_spans
    (scope,) = whole.scope_spans
    return list(scope.spans)


def attributes(span: Span) -> dict[str, str | int]:
    """Return its attributes; each is there once, and of one of two types."""
    found: dict[str, str | int] = {}
    for pair in span.attributes:
        kind = pair.value.WhichOneof("value")
        assert kind in {"string_value", "int_value"}
        assert pair.key not in found
        found[pair.key] = getattr(pair.value, kind)
    return found


def value(content: str | int) -> AnyValue:
    if isinstance(content, str):
        return AnyValue(string_value=content)
    return AnyValue(int_value=content)


def call(parent_id: str, flags: int) -> Span:
    """Return the span of an order that was signed, all of it."""
    span = Span(
        trace_id=bytes.fromhex("0af7651916cd43dd8448eb211c80319c"),
        span_id=bytes.fromhex("b7ad6b7169203331"),
        parent_span_id=bytes.fromhex(parent_id),
        name="signward.v1.SignService/Sign",
        kind=Span.SPAN_KIND_SERVER,
        start_time_unix_nano=NOW - 250_000,
        end_time_unix_nano=NOW,
        attributes=[KeyValue(key=key, value=value(content)) for key, content in CALL.items()],
        flags=flags,
    )
    span.status.SetInParent()  # UNSET
    return span


def in_order(span: Span) -> Span:
    span.attributes.sort(key=lambda pair: pair.key)
    return span


@pytest.mark.parametrize(
    ("parent_id", "flags"), [(TRACE.parent_id, REMOTE), ("", LOCAL)], ids=["of a caller", "root"]
)
def test_a_call_is_all_of_this_and_nothing_else(parent_id, flags):
    trace = Trace(TRACE.trace_id, TRACE.span_id, parent_id)
    (found,) = encoded(finished(trace=trace))
    assert in_order(found) == in_order(call(parent_id, flags))
    assert not UnknownFieldSet(found)


def test_an_item_is_no_call():
    (found,) = encoded(finished(is_item=True))
    expected = call(TRACE.parent_id, 0)  # it is not known whether its parent is remote
    expected.name += " item"
    expected.kind = Span.SPAN_KIND_INTERNAL
    assert in_order(found) == in_order(expected)


def test_calls_and_items_share_a_message_in_their_order():
    found = encoded(finished(), finished(is_item=True), finished())
    assert [span.flags for span in found] == [REMOTE, 0, REMOTE]


def test_a_fault_is_an_error_and_says_which():
    (found,) = encoded(finished(status="UNAVAILABLE", reason="AUDIT_UNAVAILABLE"))
    assert attributes(found) == CALL | {
        "rpc.response.status_code": "UNAVAILABLE",
        "error.type": "UNAVAILABLE",
        "signward.outcome": "AUDIT_UNAVAILABLE",
    }
    assert (found.status.code, found.status.message) == (ERROR, "AUDIT_UNAVAILABLE")


def test_a_fault_without_a_reason_is_one_too():
    (found,) = encoded(finished(status="INTERNAL"))
    assert (found.status.code, found.status.message) == (ERROR, "")
    assert attributes(found)["signward.outcome"] == "INTERNAL"


@pytest.mark.parametrize("status", GrpcStatus)
def test_what_the_caller_did_wrong_is_no_error_of_ours(status, caplog):
    """As the semantic conventions have it for the spans of servers."""
    (found,) = encoded(finished(status=status.name, reason="SOME_REASON"))
    ours = status.name in FAULTS
    assert found.status.code == (ERROR if ours else UNSET)
    assert ("error.type" in attributes(found)) is ours
    assert caplog.records == []


def test_what_is_not_known_is_left_out():
    (found,) = encoded(finished(entry=None, receipt=None, identity="", peer=""))
    assert set(attributes(found)) == {
        "rpc.system.name",
        "rpc.method",
        "rpc.response.status_code",
        "signward.outcome",
    }


def test_the_first_record_of_a_log_has_a_number():
    (found,) = encoded(finished(receipt=AuditReceipt("signward/0011", 0)))
    assert attributes(found)["signward.audit.sequence"] == 0


def test_what_spans_have_in_common_is_not_mixed_up():
    numbers = [encoded(finished(receipt=AuditReceipt("log", number)))[0] for number in (1, 2)]
    (none,) = encoded(finished(receipt=None))
    assert [attributes(span)["signward.audit.sequence"] for span in numbers] == [1, 2]
    assert "signward.audit.sequence" not in attributes(none)


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
    values = attributes(found)
    assert values.get("signward.identity", "") == text
    assert values.get("signward.key", "") == text
    assert values.get("signward.key.version", 0) == version
    assert values["signward.audit.sequence"] == sequence
    assert found.end_time_unix_nano - found.start_time_unix_nano == int(duration * 1e9)


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.integers(1, 2**64 - 1))
def test_ids_keep_their_length(trace_id, span_id, parent_id):
    trace = Trace(f"{trace_id:032x}", f"{span_id:016x}", f"{parent_id:016x}")
    (found,) = encoded(finished(trace=trace))
    ids = (found.trace_id.hex(), found.span_id.hex(), found.parent_span_id.hex())
    assert ids == (trace.trace_id, trace.span_id, trace.parent_id)


def test_what_is_no_unicode_cannot_stop_the_others(caplog):
    strange, plain = encoded(finished(identity="cn:\ud800"), finished())
    assert attributes(strange) == CALL | {"signward.identity": "cn:?"}
    assert attributes(plain) == CALL
    assert caplog.records == []


def test_spans_are_of_the_daemon_and_of_one_version_of_the_conventions():
    origin = Origin.of({"service.name": "desk", "service.version": "1.2", "empty": ""})
    message = ExportTraceServiceRequest.FromString(spans_message([finished()] * 3, origin))
    (whole,) = message.resource_spans
    (scope,) = whole.scope_spans
    assert {a.key: a.value.string_value for a in whole.resource.attributes} == {
        "service.name": "desk",
        "service.version": "1.2",
    }
    assert (scope.scope.name, scope.scope.version) == ("signward_server", "1.2")
    assert {whole.schema_url, scope.schema_url} == {"https://opentelemetry.io/schemas/1.44.0"}
    assert scope == ScopeSpans(scope=scope.scope, spans=scope.spans, schema_url=scope.schema_url)
    assert len(scope.spans) == 3


def test_variables_of_opentelemetry_do_not_count(monkeypatch):
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=other,planted=1")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "other")
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "1")
    assert dict(Origin.of({"service.name": "desk"}).resource.attributes) == {"service.name": "desk"}
    assert attributes(encoded(finished())[0]) == CALL


def test_what_spans_have_in_common_is_kept_within_bounds():
    spans_message([finished(entry=entry(key=f"key-{number}")) for number in range(5000)], ORIGIN)
    assert module._shared.cache_info().currsize <= 4096
