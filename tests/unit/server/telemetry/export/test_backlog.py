"""What waits for the collector: bounded, and sent when it is worth it."""

import threading
import time

from signward_server.telemetry.export.backlog import Backlog

from tests.fakes.finished_spans import finished

SPAN = finished()
METRICS = (1, 2, [])


def test_many_spans_are_sent_at_once():
    backlog = Backlog()
    backlog.add_spans([SPAN] * 600)
    began = time.monotonic()
    assert backlog.take() == ([SPAN] * 600, None)
    assert time.monotonic() - began < 0.5


def test_few_wait_a_second_for_others():
    backlog = Backlog()
    backlog.add_spans([SPAN])
    threading.Timer(0.2, backlog.add_spans, [[SPAN]]).start()
    began = time.monotonic()
    assert backlog.take() == ([SPAN] * 2, None)
    assert 0.9 < time.monotonic() - began < 3


def test_metrics_wait_for_nothing_and_the_newest_count():
    backlog = Backlog()
    backlog.put_metrics((0, 0, []))
    backlog.put_metrics(METRICS)
    assert backlog.take() == ([], METRICS)
    backlog.end()
    assert backlog.take() == ([], None)


def test_one_message_holds_a_bounded_number():
    backlog = Backlog()
    backlog.add_spans([SPAN] * 5000)
    assert [len(backlog.take()[0]) for _ in range(3)] == [2048, 2048, 904]


def test_what_finds_no_room_is_dropped_and_counted():
    backlog = Backlog(most=5)
    backlog.add_spans([SPAN] * 3)
    backlog.add_spans([SPAN] * 3)
    backlog.add_spans([SPAN] * 3)
    assert backlog.dropped == 4
    backlog.end()
    assert len(backlog.take()[0]) == 5


def test_the_end_is_worth_sending_for():
    backlog = Backlog()
    backlog.add_spans([SPAN])
    threading.Timer(0.1, backlog.end).start()
    began = time.monotonic()
    assert backlog.take() == ([SPAN], None)
    assert time.monotonic() - began < 0.9
    assert backlog.ended.is_set()
