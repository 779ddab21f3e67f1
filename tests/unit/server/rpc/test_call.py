from __future__ import annotations

import pytest
from signward_server.core.errors import (
    Cancelled,
    CertificateRevoked,
    DeadlineExceeded,
    IdentityMissing,
)
from signward_server.core.identity import Authentication
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.item_calls import BatchCall, ItemCall

from tests.fakes.spine.call import BOT
from tests.fakes.spine.clock import MovingClock
from tests.fakes.spine.context import FakeContext
from tests.fakes.spine.standing import FakeStanding
from tests.fakes.spine.world import World

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OTHER_TRACE = "00-00000000000000000000000000000001-00f067aa0ba902b7-00"


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


def _call(context: FakeContext | None = None, standing: FakeStanding | None = None) -> GrpcCall:
    call = GrpcCall(context or FakeContext(), "/x", World().endings)  # type: ignore[arg-type]
    call.standing = standing or FakeStanding(BOT)
    return call


def test_before_the_identity_interceptor_nobody_calls() -> None:
    call = GrpcCall(FakeContext(), "/x", World().endings)  # type: ignore[arg-type]
    with pytest.raises(IdentityMissing):
        _ = call.identity
    with pytest.raises(IdentityMissing):
        _ = call.authentication
    with pytest.raises(IdentityMissing):
        call.ensure_live()


def test_a_live_call() -> None:
    standing = FakeStanding(BOT, Authentication.API_KEY)
    call = _call(standing=standing)
    call.ensure_live()
    assert (call.identity, call.authentication) == (BOT, Authentication.API_KEY)


def test_s02_a_call_ends_with_its_deadline_its_caller_and_what_it_has_shown() -> None:
    context, standing = FakeContext(), FakeStanding(BOT)
    call = _call(context, standing)
    context.remaining = 0
    with pytest.raises(DeadlineExceeded):
        call.ensure_live()
    context.remaining, context.active = 1, False
    with pytest.raises(Cancelled):
        call.ensure_live()
    context.active = True
    standing.end = CertificateRevoked()
    with pytest.raises(CertificateRevoked):
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
    metadata: tuple[tuple[str, str], ...], expected: str
) -> None:
    trace = _call(FakeContext(*metadata)).trace
    assert trace.parent_id == expected[36:52]
    if expected:
        assert trace.trace_id == expected[3:35]


def test_an_item_has_its_own_trace_context_or_that_of_its_stream(clock: MovingClock) -> None:
    stream = _call(FakeContext(("traceparent", TRACE)))
    assert ItemCall(stream, clock, None, OTHER_TRACE).trace_id == OTHER_TRACE[3:35]
    assert ItemCall(stream, clock, None, "").trace_id == TRACE[3:35]
    assert ItemCall(stream, clock, None, "malformed").trace_id == TRACE[3:35]


def test_an_item_asks_its_stream_anew_after_a_millisecond(clock: MovingClock) -> None:
    context = FakeContext()
    standing = FakeStanding(BOT)
    item = ItemCall(_call(context, standing), clock, None, "")
    context.active = False
    item.ensure_live()
    standing.end = CertificateRevoked()
    with pytest.raises(CertificateRevoked):
        item.ensure_live()
    standing.end = None
    clock.boot += 0.001
    with pytest.raises(Cancelled):
        item.ensure_live()


def test_an_item_ends_with_its_timeout_and_with_its_stream(clock: MovingClock) -> None:
    context = FakeContext()
    stream = _call(context)
    item = ItemCall(stream, clock, 2.0, "")
    unbounded = ItemCall(stream, clock, None, "")
    assert (item.identity, item.method) == (BOT, "/x")
    assert item.authentication is Authentication.CERTIFICATE
    clock.boot += 1.999
    item.ensure_live()
    clock.boot += 0.001
    with pytest.raises(DeadlineExceeded):
        item.ensure_live()
    unbounded.ensure_live()
    context.active = False
    with pytest.raises(Cancelled):
        unbounded.ensure_live()


def test_the_items_of_a_batch_see_their_call(clock: MovingClock) -> None:
    standing = FakeStanding(BOT, Authentication.API_KEY)
    call = _call(FakeContext(("traceparent", TRACE)), standing)
    batch = BatchCall(call, clock)
    batch.ensure_live()
    assert (batch.identity, batch.authentication, batch.method) == (
        call.identity,
        call.authentication,
        call.method,
    )
    assert batch.trace_id == TRACE[3:35]


def test_the_deadline_of_a_batch_is_kept_to_the_item(clock: MovingClock) -> None:
    context = FakeContext()
    context.remaining = 0.0005
    batch = BatchCall(_call(context), clock)
    batch.ensure_live()
    clock.advance(0.0004)
    batch.ensure_live()
    clock.advance(0.0001)
    with pytest.raises(DeadlineExceeded):
        batch.ensure_live()


def test_a_batch_whose_deadline_has_passed_signs_nothing(clock: MovingClock) -> None:
    context = FakeContext()
    context.remaining = 0
    with pytest.raises(DeadlineExceeded):
        BatchCall(_call(context), clock).ensure_live()


def test_s04_each_item_of_a_batch_asks_whether_its_caller_is_still_believed(
    clock: MovingClock,
) -> None:
    standing = FakeStanding(BOT)
    batch = BatchCall(_call(FakeContext(), standing), clock)
    batch.ensure_live()
    standing.end = CertificateRevoked()
    with pytest.raises(CertificateRevoked):
        batch.ensure_live()


def test_a_batch_asks_once_in_a_millisecond_whether_its_caller_is_there(clock: MovingClock) -> None:
    context = FakeContext()
    batch = BatchCall(_call(context), clock)
    batch.ensure_live()
    context.active = False
    batch.ensure_live()
    clock.advance(0.001)
    with pytest.raises(Cancelled):
        batch.ensure_live()
