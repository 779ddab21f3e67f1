from __future__ import annotations

import sys
import threading

import pytest
from signward_server.rpc.pools import CallPool, StreamSlots


def test_tasks_run_on_as_many_threads_as_the_pool_has() -> None:
    pool = CallPool(3, 16)
    barrier = threading.Barrier(3, timeout=10)
    done = [threading.Event() for _ in range(3)]

    def task(event: threading.Event) -> None:
        barrier.wait()
        event.set()

    for event in done:
        assert pool.submit(task, event) is None  # type: ignore[func-returns-value]
    assert all(event.wait(10) for event in done)
    pool.shutdown()


def test_waiting_counts_what_no_thread_has_taken() -> None:
    pool = CallPool(1, 16)
    started, go = threading.Event(), threading.Event()

    def task() -> None:
        started.set()
        go.wait(10)

    pool.submit(task)
    assert started.wait(10)
    assert pool.waiting == 0
    pool.submit(task)
    pool.submit(task)
    assert pool.waiting == 2
    go.set()
    pool.shutdown()


def test_what_is_queued_runs_before_the_end() -> None:
    pool = CallPool(1, 16)
    ran: list[int] = []
    for number in range(5):
        pool.submit(ran.append, number)
    pool.shutdown()
    assert ran == list(range(5))
    assert not any(thread.is_alive() for thread in pool._threads)


def test_keywords_are_refused() -> None:
    pool = CallPool(1, 16)
    with pytest.raises(TypeError):
        pool.submit(print, end="")
    pool.shutdown()


def test_a_task_is_not_kept_after_it_ran() -> None:
    pool = CallPool(1, 16)
    payload = bytearray(b"x")
    done = threading.Event()
    pool.submit(lambda _: None, payload)
    pool.submit(done.set)
    assert done.wait(10)
    pool.shutdown()
    assert sys.getrefcount(payload) == 2


def test_slots_in_all() -> None:
    slots = StreamSlots(2, 5)
    assert slots.enter()
    assert slots.enter()
    assert not slots.enter()
    assert slots.open == 2
    slots.leave()
    assert slots.enter()


def test_slots_of_each_identity() -> None:
    slots = StreamSlots(10, 1)
    assert slots.enter_as("cn:bot")
    assert not slots.enter_as("cn:bot")
    assert slots.enter_as("cn:other")
    slots.leave_as("cn:bot")
    assert slots.enter_as("cn:bot")
    slots.leave_as("cn:bot")
    slots.leave_as("cn:other")
    assert not slots._of, "identities that have left are forgotten"


def test_a_pool_is_idle_when_all_that_was_submitted_is_done() -> None:
    pool = CallPool(2, 16)
    assert pool.idle
    go = threading.Event()
    for _ in range(4):
        pool.submit(go.wait, 10)
    assert not pool.idle
    go.set()
    pool.shutdown()
    assert pool.idle
