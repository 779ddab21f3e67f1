"""Of each call and item that has ended: what is recorded, counted and traced, once."""

from __future__ import annotations

import gc
import weakref

import pytest
from signward_server.core.audit_events import AuditEvent, Decision
from signward_server.core.errors import (
    Cancelled,
    CustodyUnavailable,
    EnvelopeCorrupt,
    IdentityMissing,
    KeyNotFound,
    PolicyDenied,
    RateLimited,
    SignatureSelfCheckFailed,
    SignwardError,
    StoreUnavailable,
)
from signward_server.core.keys import CustodyKind, Purpose
from signward_server.core.ports import AuditEntry, AuditReceipt, Event
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.item_calls import BatchCall, ItemCall
from signward_server.rpc.standing import ANONYMOUS

from tests.fakes.spine.call import BOT
from tests.fakes.spine.context import FakeContext
from tests.fakes.spine.rpc import grpc_call
from tests.fakes.spine.world import World

METHOD = "/signward.v1.SignService/Sign"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OTHER_TRACE = "00-00000000000000000000000000000001-00f067aa0ba902b8-01"
RECEIPT = AuditReceipt("log", 7)


@pytest.fixture
def world() -> World:
    return World()


def _entry(call: object, outcome: str = "OK", started: float = 0.0) -> AuditEntry:
    return AuditEntry(
        AuditEvent.SIGNATURE,
        call,  # type: ignore[arg-type]
        "SignRaw",
        "k",
        1,
        outcome,
        Decision.ALLOW,
        purpose=Purpose.RAW,
        custody=CustodyKind.ENVELOPE,
        started=started,
    )


def test_a_call_that_was_answered(world: World) -> None:
    call = grpc_call(world, METHOD, context=FakeContext(("traceparent", TRACE)))
    world.clock.advance(0.25)
    call.concluded(_entry(call), RECEIPT)
    world.endings.ended(call, None)
    (span,) = world.spans.finished
    assert (span.method, span.status, span.reason, span.is_item) == (METHOD, "OK", "", False)
    assert (span.trace.trace_id, span.trace.parent_id) == (TRACE[3:35], TRACE[36:52])
    assert (span.identity, span.receipt) == (str(BOT), RECEIPT)
    assert span.duration == pytest.approx(0.25)
    assert span.entry is not None
    assert span.entry.key == "k"
    assert world.meter.observed == [(METHOD, "OK", pytest.approx(0.25), False)]
    assert world.meter.signatures == [(Purpose.RAW, CustodyKind.ENVELOPE)]
    assert world.audit.entries == []


@pytest.mark.parametrize(
    ("error", "status", "decision"),
    [
        (PolicyDenied(metadata={"policies": "a,b"}), "PERMISSION_DENIED", Decision.DENY),
        (KeyNotFound(), "NOT_FOUND", Decision.UNASKED),
        (RateLimited(retry_after=1.0), "RESOURCE_EXHAUSTED", Decision.UNASKED),
    ],
)
def test_a_failure_that_no_flow_has_recorded_is_recorded_here(
    world: World, error: SignwardError, status: str, decision: Decision
) -> None:
    call = grpc_call(world, METHOD)
    world.endings.ended(call, error)
    (entry,) = world.audit.entries
    assert (entry.event, entry.outcome, entry.call) == (AuditEvent.FAILURE, error.reason, call)
    assert entry.decision is decision
    assert entry.policies == (("a", "b") if decision is Decision.DENY else ())
    assert world.meter.counted == [(Event.REFUSED, error.reason)]
    assert world.meter.observed[0][:2] == (METHOD, status)
    (span,) = world.spans.finished
    assert (span.status, span.reason) == (status, error.reason)


def test_a_failure_that_a_flow_has_recorded_is_recorded_once(world: World) -> None:
    call = grpc_call(world, METHOD)
    call.concluded(_entry(call, "KEY_DISABLED"), None)
    world.endings.ended(call, KeyNotFound())
    assert world.audit.entries == []
    assert world.meter.signatures == []


@pytest.mark.parametrize("error", [IdentityMissing(), Cancelled()])
def test_who_is_not_known_and_who_has_gone_leave_no_record(
    world: World, error: SignwardError
) -> None:
    world.endings.ended(grpc_call(world, METHOD), error)
    assert world.audit.entries == []
    assert world.meter.counted == [(Event.REFUSED, error.reason)]


def test_nobody_is_named_where_nobody_was_asked(world: World) -> None:
    for standing in (None, ANONYMOUS):
        call = GrpcCall(FakeContext(), METHOD, world.endings)  # type: ignore[arg-type]
        call.standing = standing
        world.endings.ended(call, KeyNotFound())
    assert [span.identity for span in world.spans.finished] == ["", ""]
    assert world.audit.entries == []


def test_what_is_not_sampled_has_no_span(world: World) -> None:
    world.spans.sampled = False
    call = grpc_call(world, METHOD)
    world.endings.ended(call, None)
    world.endings.item(call, world.spans.child(call.trace), _entry(call), RECEIPT)
    assert world.spans.finished == []
    assert len(world.meter.observed) == 2


def test_the_items_of_a_batch_are_children_of_its_span(world: World) -> None:
    call = grpc_call(world, METHOD)
    batch = BatchCall(call, world.clock)
    world.clock.advance(1)
    began = world.clock.monotonic()
    world.clock.advance(0.5)
    batch.concluded(_entry(batch, started=began), RECEIPT)
    batch.concluded(_entry(batch, "KEY_FROZEN"), None)
    world.endings.ended(call, None)
    signed, refused, whole = world.spans.finished
    assert signed.is_item
    assert refused.is_item
    assert not whole.is_item
    assert {signed.trace.parent_id, refused.trace.parent_id} == {whole.trace.span_id}
    assert {span.trace.trace_id for span in world.spans.finished} == {call.trace_id}
    assert (signed.status, signed.duration) == ("OK", pytest.approx(0.5))
    assert (refused.status, refused.reason) == ("FAILED_PRECONDITION", "KEY_FROZEN")
    assert world.meter.counted == [(Event.REFUSED, "KEY_FROZEN")]
    assert len(world.meter.signatures) == 1
    assert [(status, item) for _, status, _, item in world.meter.observed] == [
        ("OK", True),
        ("FAILED_PRECONDITION", True),
        ("OK", False),
    ]


def test_an_item_of_a_stream_may_belong_to_a_trace_of_its_own(world: World) -> None:
    call = grpc_call(world, METHOD)
    item = ItemCall(call, world.clock, None, OTHER_TRACE)
    item.concluded(_entry(item), RECEIPT)
    (span,) = world.spans.finished
    assert (span.trace.trace_id, span.trace.parent_id) == (OTHER_TRACE[3:35], OTHER_TRACE[36:52])
    assert item.trace_id == OTHER_TRACE[3:35]


def test_a_call_that_has_ended_is_gone_without_a_collection(world: World) -> None:
    class Context(FakeContext):
        pass

    gc.disable()
    try:
        context = Context()
        call = grpc_call(world, METHOD, context=context)
        call.concluded(_entry(call), RECEIPT)
        world.endings.ended(call, None)
        gone = weakref.ref(context)
        del context, call
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("error", "event"),
    [
        (StoreUnavailable(), Event.STORE_FAILED),
        (EnvelopeCorrupt(), Event.KEK_FAILED),
        (CustodyUnavailable(), Event.CUSTODY_FAILED),
        (SignatureSelfCheckFailed(), Event.CUSTODY_FAILED),
    ],
)
def test_what_has_failed_is_counted_by_its_part(
    world: World, error: SignwardError, event: Event
) -> None:
    world.endings.ended(grpc_call(world, METHOD), error)
    assert world.meter.counted.count((event, error.reason)) == 1
    call = grpc_call(world, METHOD)
    world.endings.item(call, call.trace, _entry(call, error.reason), None)
    assert world.meter.counted.count((event, error.reason)) == 2
    assert world.meter.counted.count((Event.REFUSED, error.reason)) == 2


def test_the_log_leads_from_a_call_to_its_trace_and_its_record(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "signward_server.rpc.endings")
    call = grpc_call(world, METHOD, context=FakeContext(("traceparent", TRACE)))
    world.clock.advance(0.25)
    call.concluded(_entry(call), RECEIPT)
    world.endings.ended(call, None)
    world.endings.ended(grpc_call(world, METHOD), KeyNotFound())
    first, second = ((r.message, r.__dict__) for r in caplog.records)
    assert (first[0], second[0]) == ("call ended", "call ended")
    told = {name: first[1][name] for name in ("method", "status", "duration_us", "trace_id")}
    assert told == {
        "method": METHOD,
        "status": "OK",
        "duration_us": 250_000,
        "trace_id": TRACE[3:35],
    }
    assert (first[1]["audit_log"], first[1]["audit_sequence"]) == ("log", 7)
    assert (second[1]["reason"], second[1]["status"]) == ("KEY_NOT_FOUND", "NOT_FOUND")
    assert "audit_log" not in second[1]


def test_the_log_tells_of_no_call_unless_it_is_asked_to(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "signward_server.rpc.endings")
    world.endings.ended(grpc_call(world, METHOD), None)
    assert caplog.records == []
