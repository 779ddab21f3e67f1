from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import grpc
import pytest
from signward_server.core.errors import Cancelled, MessageTooLarge, PayloadMalformed
from signward_server.rpc.interceptors.reception import ReceptionWatch, received

from tests.fakes.spine.clock import MovingClock
from tests.fakes.spine.context import FakeContext
from tests.fakes.spine.rpc import grpc_call
from tests.fakes.spine.world import World


class _Silent:
    """A request iterator whose message never comes until the call is cancelled."""

    def __init__(self, context: FakeContext) -> None:
        self._context = context
        self.waiting = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self.waiting.set()
        for _ in range(1000):
            if self._context.cancelled:
                raise grpc.RpcError
            time.sleep(0.005)
        raise AssertionError("never cancelled")


def test_a_message_is_handed_on() -> None:
    watch = ReceptionWatch(MovingClock(), 1)
    behaviour = received(lambda data, call: data + b"!", watch, 5)
    assert behaviour(iter([b"x"]), grpc_call(World())) == b"x!"
    assert not watch._waiting


def test_s42_a_message_is_bounded() -> None:
    watch = ReceptionWatch(MovingClock(), 1)
    behaviour = received(lambda data, call: data, watch, 5)
    assert behaviour(iter([b"12345"]), grpc_call(World())) == b"12345"
    with pytest.raises(MessageTooLarge):
        behaviour(iter([b"123456"]), grpc_call(World()))


def test_a_caller_that_closes_without_a_message_is_told() -> None:
    watch = ReceptionWatch(MovingClock(), 1)
    with pytest.raises(PayloadMalformed):
        watch.message(iter(()), grpc_call(World()))
    assert not watch._waiting


def test_a_message_that_does_not_come_in_time_cancels_the_call() -> None:
    clock = MovingClock()
    watch = ReceptionWatch(clock, 0.04)
    watch.start()
    context, patient = FakeContext(), FakeContext()
    silent = _Silent(context)
    timer = threading.Thread(target=lambda: silent.waiting.wait(5) and clock.advance(0.05))
    timer.start()
    with pytest.raises(Cancelled):
        watch.message(silent, grpc_call(World(), context=context))
    timer.join(5)
    assert context.cancelled
    assert watch.message(iter([b"x"]), grpc_call(World(), context=patient)) == b"x"
    assert not patient.cancelled
    watch.stop()


def test_a_message_that_may_still_come_is_waited_for() -> None:
    clock = MovingClock()
    watch = ReceptionWatch(clock, 0.02)
    context = FakeContext()
    watch.expect(context)
    watch.start()
    time.sleep(0.05)
    assert not context.cancelled
    watch.stop()


def test_a_watch_that_was_never_started_can_be_stopped() -> None:
    ReceptionWatch(MovingClock(), 1).stop()


def test_while_others_wait_for_a_thread_a_message_may_take_a_second_only() -> None:
    clock = MovingClock()
    crowd: list[str] = []
    watch = ReceptionWatch(clock, 10, crowded=lambda: bool(crowd))
    silent, fresh = FakeContext(), FakeContext()
    watch.expect(silent)
    clock.advance(2)
    watch.expect(fresh)
    watch.start()
    time.sleep(0.6)
    assert not silent.cancelled
    crowd.append("somebody")
    time.sleep(0.6)
    assert silent.cancelled
    assert not fresh.cancelled
    watch.stop()
