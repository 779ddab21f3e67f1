from __future__ import annotations

import pytest
from signward_server.core.errors import (
    Cancelled,
    CertificateInvalid,
    DeadlineExceeded,
    IdentityMissing,
)
from signward_server.rpc.call import GrpcCall, ItemCall
from signward_server.rpc.leaf import Leaf

from tests.fakes.spine.call import BOT
from tests.fakes.spine.clock import MovingClock
from tests.fakes.spine.context import FakeContext

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OTHER_TRACE = "00-00000000000000000000000000000001-00f067aa0ba902b7-00"


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


def _call(clock: MovingClock, context: FakeContext | None = None) -> GrpcCall:
    call = GrpcCall(context or FakeContext(), "/x", clock)  # type: ignore[arg-type]
    call.leaf = Leaf(BOT, clock.time() - 10, clock.time() + 10)
    return call


def test_before_the_identity_interceptor_nobody_calls(clock: MovingClock) -> None:
    call = GrpcCall(FakeContext(), "/x", clock)  # type: ignore[arg-type]
    with pytest.raises(IdentityMissing):
        _ = call.identity
    with pytest.raises(CertificateInvalid):
        call.ensure_live()


def test_a_live_call(clock: MovingClock) -> None:
    call = _call(clock)
    call.ensure_live()
    assert call.identity == BOT


def test_a_call_ends_with_its_deadline_its_caller_and_the_certificate(clock: MovingClock) -> None:
    context = FakeContext()
    call = _call(clock, context)
    context.remaining = 0
    with pytest.raises(DeadlineExceeded):
        call.ensure_live()
    context.remaining, context.active = 1, False
    with pytest.raises(Cancelled):
        call.ensure_live()
    context.active = True
    clock.advance(11)
    with pytest.raises(CertificateInvalid):
        call.ensure_live()
    clock.advance(-30)
    with pytest.raises(CertificateInvalid):
        call.ensure_live()


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ((), ""),
        ((("other", "x"),), ""),
        ((("user-agent", "x"), ("traceparent", TRACE)), TRACE),
        ((("traceparent", TRACE.upper()),), ""),
        ((("traceparent", TRACE + "-more"),), ""),
        ((("traceparent", "x" * 100_000),), ""),
        ((("traceparent", TRACE + "\n"),), ""),
        ((("traceparent", TRACE.encode()),), ""),
    ],
)
def test_only_a_well_formed_trace_context_is_taken(
    clock: MovingClock, metadata: tuple[tuple[str, str], ...], expected: str
) -> None:
    assert _call(clock, FakeContext(*metadata)).traceparent == expected


def test_an_item_has_its_own_trace_context_or_that_of_its_stream(clock: MovingClock) -> None:
    stream = _call(clock, FakeContext(("traceparent", TRACE)))
    assert ItemCall(stream, clock, None, OTHER_TRACE).traceparent == OTHER_TRACE
    assert ItemCall(stream, clock, None, "").traceparent == TRACE
    assert ItemCall(stream, clock, None, "malformed").traceparent == TRACE


def test_an_item_ends_with_its_timeout_and_with_its_stream(clock: MovingClock) -> None:
    context = FakeContext()
    stream = _call(clock, context)
    item = ItemCall(stream, clock, 2.0, "")
    unbounded = ItemCall(stream, clock, None, "")
    assert (item.identity, item.method) == (BOT, "/x")
    clock.boot += 1.999
    item.ensure_live()
    clock.boot += 0.001
    with pytest.raises(DeadlineExceeded):
        item.ensure_live()
    unbounded.ensure_live()
    context.active = False
    with pytest.raises(Cancelled):
        unbounded.ensure_live()
