"""Where calls stand in traces, which are sampled, and that nobody waits for anybody."""

import marshal
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.audit_events import Decision
from signward_server.core.keys import CustodyKind, Purpose
from signward_server.core.ports import Trace
from signward_server.telemetry.tracing import Tracing

from tests.fakes.finished_spans import NOW, SIGN, TRACE, entry, finished, span

CALLER = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"


def is_hex(text: str, digits: int) -> bool:
    return len(text) == digits and set(text) <= set("0123456789abcdef")


def test_a_call_without_a_caller_s_trace_begins_one():
    traces = [Tracing(1.0).start("") for _ in range(100)]
    assert all(is_hex(t.trace_id, 32) and is_hex(t.span_id, 16) for t in traces)
    assert {t.parent_id for t in traces} == {""}
    assert len({t.trace_id for t in traces} | {t.span_id for t in traces}) == 200


def test_a_call_continues_the_caller_s_trace():
    found = Tracing(0.0).start(CALLER)
    assert (found.trace_id, found.parent_id) == (CALLER[3:35], CALLER[36:52])
    assert is_hex(found.span_id, 16)
    assert found.span_id != found.parent_id


@pytest.mark.parametrize(
    ("flags", "sampled"), [("00", False), ("01", True), ("02", False), ("03", True), ("ff", True)]
)
def test_the_caller_decides_whether_its_trace_is_sampled(flags, sampled):
    found = Tracing(1.0).start(CALLER[:-2] + flags)
    assert bool(found.span_id) is sampled
    assert found.trace_id == CALLER[3:35]


@pytest.mark.parametrize(
    "invalid",
    [
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
    ],
)
def test_ids_of_zeros_are_nobody_s(invalid):
    found = Tracing(1.0).start(invalid)
    assert found.parent_id == ""
    assert found.trace_id != CALLER[3:35]
    call = Trace("1" * 32, "2" * 16, "")
    assert Tracing(1.0).child(call, invalid).parent_id == call.span_id


@pytest.mark.parametrize(
    ("share", "least", "most"), [(0.0, 0, 0), (0.25, 400, 600), (1.0, 2000, 2000)]
)
def test_of_the_traces_that_begin_here_a_share_is_sampled(share, least, most):
    tracing = Tracing(share)
    assert least <= sum(bool(tracing.start("").span_id) for _ in range(2000)) <= most


def test_sampling_agrees_with_all_who_sample_by_the_trace_id():
    """As OpenTelemetry's `TraceIdRatioBased` does."""
    from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

    theirs = TraceIdRatioBased(0.5)
    for _ in range(500):
        found = Tracing(0.5).start("")
        decided = theirs.should_sample(None, int(found.trace_id, 16), "").decision
        assert bool(found.span_id) is decided.is_sampled()


def test_items_are_children_of_their_call_and_sampled_like_it():
    tracing = Tracing(1.0)
    call = tracing.start("")
    item = tracing.child(call)
    assert (item.trace_id, item.parent_id) == (call.trace_id, call.span_id)
    assert is_hex(item.span_id, 16)
    assert item.span_id != call.span_id
    unsampled = Tracing(0.0).start("")
    assert tracing.child(unsampled).span_id == ""
    assert tracing.child(unsampled, CALLER).span_id == ""


def test_an_item_may_belong_to_a_trace_of_its_own():
    tracing = Tracing(1.0)
    item = tracing.child(tracing.start(""), CALLER)
    assert (item.trace_id, item.parent_id) == (CALLER[3:35], CALLER[36:52])
    assert is_hex(item.span_id, 16)


def test_what_waits_is_flat_and_survives_the_way_to_another_process():
    found = finished()
    assert marshal.loads(marshal.dumps(found)) == found  # noqa: S302  # made here
    assert found == (
        *(TRACE.trace_id, TRACE.span_id, TRACE.parent_id, NOW, 0.00025, 7),
        *(SIGN, False, "OK", "", "192.0.2.1", "cn:bot"),
        *("SignOrder", "desk-1", 2, "order", "envelope", "allow", "signward/0011"),
    )


def test_a_call_of_which_nothing_was_recorded_says_no_more_than_it_knows():
    found = finished(entry=None, receipt=None, status="INTERNAL", reason="INTERNAL", is_item=True)
    assert found[5:] == (
        *(-1, SIGN, True, "INTERNAL", "INTERNAL", "192.0.2.1", "cn:bot"),
        *("", "", 0, "", "", "", ""),
    )


@given(
    st.sampled_from([None, *Purpose]),
    st.sampled_from([None, *CustodyKind]),
    st.sampled_from(Decision),
    st.text(max_size=40),
)
def test_whatever_is_recorded_can_be_handed_over(purpose, custody, decision, text):
    found = finished(
        entry=entry(purpose=purpose, custody=custody, decision=decision, key=text),
        identity=text,
    )
    assert marshal.loads(marshal.dumps(found)) == found  # noqa: S302  # made here


def test_neither_span_nor_entry_nor_call_is_kept():
    import gc
    import weakref

    class Watched:
        method = SIGN

    tracing, call = Tracing(1.0), Watched()
    gone = weakref.ref(call)
    tracing.finish(span(entry=entry(call=call)))
    del call
    gc.collect()
    assert gone() is None
    assert len(tracing.take(9)) == 1


def test_what_finds_no_room_is_dropped_and_counted():
    tracing = Tracing(1.0, most=3)
    for _ in range(5):
        tracing.finish(span())
    assert tracing.dropped == 2
    assert [len(tracing.take(2)) for _ in range(3)] == [2, 1, 0]
    tracing.finish(span())
    assert (tracing.dropped, len(tracing.take(9))) == (2, 1)


def test_threads_lose_no_span():
    tracing = Tracing(1.0, most=100_000)
    one = span()

    def finish() -> None:
        for _ in range(2000):
            tracing.finish(one)

    threads = [threading.Thread(target=finish) for _ in range(4)]
    for thread in threads:
        thread.start()
    taken = 0
    while any(thread.is_alive() for thread in threads):
        taken += len(tracing.take(100))
    assert taken + len(tracing.take(100_000)) == 8000
