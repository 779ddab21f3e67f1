"""Spans and metrics of a real daemon, as a collector in another process gets them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from signward.v1 import sign_service_pb2 as pb

from tests.running.calls import SIGN
from tests.running.homes import PATIENCE, Home
from tests.running.keys import create, sign_request
from tests.running.otlp import Mode, Receiver
from tests.running.process import UNMEASURED, Daemon
from tests.running.waiting import eventually

pytestmark = pytest.mark.integration

Named = Callable[[str], list[dict[str, Any]]]

PARENT = "00f067aa0ba902b7"
SECRET = b"a message that nobody else may read"


def caller(trace: str, flags: str = "01") -> str:
    return f"00-{trace}-{PARENT}-{flags}"


def flags(receiver: Receiver, *more: str) -> list[str]:
    settings = (f"endpoint={receiver.endpoint}", "metrics_interval=1s", *more)
    return [part for text in settings for part in ("--set", f"telemetry.{text}")]


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture(scope="module")
def daemon(receiver: Receiver, new_home: Callable[[], Home]) -> Iterator[Daemon]:
    with Daemon(new_home(), *flags(receiver)) as running:
        with running.client("admin") as admin:
            create(admin, "key")
        yield running
        assert running.stop() == 0
    assert "unexpected" not in running.said
    assert SECRET.decode() not in running.said
    assert SECRET.decode() not in json.dumps(receiver.told())


def called(daemon: Daemon, method: str, request: Any, traceparent: str) -> bytes:
    with daemon.client() as bot:
        call = bot.channel.unary_unary(SIGN + method)
        metadata = [("traceparent", traceparent)]
        answer: bytes = call(request.SerializeToString(), metadata=metadata, timeout=PATIENCE)
        return answer


def gathered(receiver: Receiver, trace: str, count: int) -> list[dict[str, Any]]:
    """Return the spans of a trace, once there are as many; the call, which ends last, last."""
    assert eventually(lambda: len(spans_of(receiver, trace)) >= count)
    return sorted(spans_of(receiver, trace), key=lambda span: span["end"])


def spans_of(receiver: Receiver, trace: str) -> list[dict[str, Any]]:
    return [span for span in receiver.spans() if span["trace_id"] == trace]


def test_a_call_is_a_span_below_the_caller_s(daemon, receiver):
    trace = "1" * 32
    answer = called(daemon, "Sign", sign_request("key", SECRET), caller(trace))
    response = pb.SignResponse.FromString(answer)
    (span,) = gathered(receiver, trace, 1)
    assert (span["name"], span["kind"]) == ("signward.v1.SignService/Sign", 2)
    assert span["parent_id"] == PARENT
    assert 0 < span["end"] - span["start"] < 10e9
    assert abs(span["end"] / 1e9 - time.time()) < 60
    assert span["resource"]["service.name"] == "signward"
    assert response.audit_log
    assert span["attributes"] == {
        "rpc.system.name": "grpc",
        "rpc.method": "signward.v1.SignService/Sign",
        "rpc.response.status_code": "OK",
        "network.peer.address": "127.0.0.1",
        "signward.outcome": "OK",
        "signward.identity": "cn:bot",
        "signward.action": "SignRaw",
        "signward.key": "key",
        "signward.key.version": 1,
        "signward.purpose": "raw",
        "signward.custody": "envelope",
        "signward.decision": "allow",
        "signward.audit.log": response.audit_log,
        "signward.audit.sequence": response.audit_sequence,
    }


def test_a_batch_has_a_child_for_each_item(daemon, receiver):
    trace = "2" * 32
    items = [sign_request("key", SECRET), sign_request("absent"), sign_request("key")]
    called(daemon, "SignBatch", pb.SignBatchRequest(requests=items), caller(trace))
    *children, call = gathered(receiver, trace, 4)
    assert call["name"] == "signward.v1.SignService/SignBatch"
    assert {child["name"] for child in children} == {"signward.v1.SignService/SignBatch item"}
    assert {child["parent_id"] for child in children} == {call["span_id"]}
    outcomes = sorted(child["attributes"]["signward.outcome"] for child in children)
    assert outcomes == ["KEY_NOT_FOUND", "OK", "OK"]
    assert {child["kind"] for child in children} == {1}


def test_items_of_a_stream_may_belong_to_traces_of_their_own(daemon, receiver):
    trace, before = "3" * 32, len(receiver.spans())
    with daemon.client() as bot, bot.stream() as stream:
        stream.send(sign_request("key", SECRET), traceparent=caller(trace)).result(PATIENCE)
        stream.send(sign_request("key", SECRET)).result(PATIENCE)
    (own,) = gathered(receiver, trace, 1)
    assert own["parent_id"] == PARENT

    def recent() -> list[dict[str, Any]]:
        return [span for span in receiver.spans()[before:] if "/SignStream" in span["name"]]

    assert eventually(lambda: len(recent()) == 3)
    (call,) = [span for span in recent() if span["name"].endswith("/SignStream")]
    (other,) = [span for span in recent() if span["parent_id"] == call["span_id"]]
    assert own["name"] == other["name"] == "signward.v1.SignService/SignStream item"
    assert other["trace_id"] == call["trace_id"]


def test_a_refusal_is_a_span_that_says_why_and_no_error_of_ours(daemon, receiver):
    trace = "4" * 32
    with pytest.raises(Exception, match="NOT_FOUND"):
        called(daemon, "Sign", sign_request("absent"), caller(trace))
    (span,) = gathered(receiver, trace, 1)
    assert span["attributes"]["signward.outcome"] == "KEY_NOT_FOUND"
    assert span["attributes"]["rpc.response.status_code"] == "NOT_FOUND"
    assert span["attributes"]["signward.identity"] == "cn:bot"
    assert span["status"] == 0


def test_a_caller_that_does_not_sample_is_not_sampled(daemon, receiver):
    called(daemon, "Sign", sign_request("key"), caller("5" * 32, "00"))
    called(daemon, "Sign", sign_request("key"), caller("6" * 32))
    gathered(receiver, "6" * 32, 1)
    assert spans_of(receiver, "5" * 32) == []


def test_the_metrics_say_the_same_on_both_ways(daemon, receiver):
    def pulled(name: str) -> float:
        return daemon.metric(name)

    def pushed(name: str, kind: str, **attributes: str) -> float:
        points = receiver.metrics().get(name, {}).get(kind, {}).get("data_points", [])
        wanted = set(attributes.items())
        return sum(
            float(point.get("as_double", point.get("count", 0)))
            for point in points
            if wanted <= {(a["key"], a["value"]["string_value"]) for a in point["attributes"]}
        )

    called(daemon, "Sign", sign_request("key"), "")
    sign = "signward.v1.SignService/Sign"
    calls = pulled(f'signward_request_duration_seconds_count{{method="{sign}",status="OK"}}')
    ours = {"rpc.method": sign, "rpc.response.status_code": "OK"}
    assert calls >= 1
    assert eventually(lambda: pushed("rpc.server.call.duration", "histogram", **ours) == calls)
    made = pulled('signward_signatures_total{custody="envelope",purpose="raw"}')
    raw = {"signward.purpose": "raw"}
    assert made >= calls
    assert eventually(lambda: pushed("signward.signatures", "sum", **raw) == made)
    assert pulled("signward_unlocked_keys") == 1


def test_s39_metrics_name_no_key_and_no_caller(daemon):
    text = "\n".join(daemon.metrics())
    assert "signward_request_duration_seconds_bucket" in text
    assert not any(name in text for name in ('"key"', "cn:", "bot", "admin", "127.0.0.1"))


def test_no_collector_touches_batches_or_the_end(home):
    with (
        Receiver(Mode.HANGING) as dead,
        Daemon(home, *flags(dead), **UNMEASURED) as daemon,
    ):
        with daemon.client("admin") as admin:
            create(admin, "key")
            batch = [sign_request("key")] * 200
            for _ in range(50):
                admin.sign_batch(batch)
            assert daemon.probe("/readyz") == 200
            assert daemon.metric('signward_spans_dropped_total{place="queue"}') == 0
        began = time.monotonic()
        assert daemon.stop() == 0
        assert time.monotonic() - began < 4
