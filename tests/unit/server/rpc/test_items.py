"""The pool of streams: what it takes over, what it hands to threads, and how it ends."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from signward_server.rpc.items import StreamPool, mark


class _Stream:
    """Stands in for a stream."""

    def __init__(self, swift: Any = None) -> None:
        def behaviour() -> None: ...

        mark(behaviour, swift)
        self.behaviour = behaviour
        self.worked: list[object] = []
        self.cancelled = False

    def work(self, message: object) -> None:
        self.worked.append(message)

    def cancel(self) -> None:
        self.cancelled = True


@pytest.fixture
def pool() -> Iterator[StreamPool]:
    pool = StreamPool(1)
    yield pool
    pool.shutdown()


def test_other_tasks_run_on_its_threads(pool: StreamPool) -> None:
    future = pool.submit(int, "7")
    assert future is not None
    assert future.result(5) == 7


@pytest.mark.parametrize(
    ("swift", "takes"),
    [(lambda message: True, False), (lambda message: False, True), (None, True)],
)
def test_a_thread_takes_what_may_block(pool: StreamPool, swift: Any, takes: bool) -> None:
    assert pool.takes(_Stream(swift), b"item") is takes  # type: ignore[arg-type]


def test_a_failing_test_of_swiftness_leaves_it_to_a_thread(
    pool: StreamPool, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(message: bytes) -> bool:
        raise KeyError("secret")

    with caplog.at_level(logging.ERROR):
        assert pool.takes(_Stream(broken), b"item")  # type: ignore[arg-type]
    assert "secret" not in caplog.text


def test_what_it_takes_runs_on_a_thread(pool: StreamPool) -> None:
    stream = _Stream()
    pool.take(stream, b"item")  # type: ignore[arg-type]
    pool.shutdown(wait=True)
    assert stream.worked == [b"item"]
    assert not stream.cancelled


def test_what_comes_after_the_end_is_cancelled(pool: StreamPool) -> None:
    pool.shutdown()
    stream = _Stream()
    pool.take(stream, b"item")  # type: ignore[arg-type]
    assert stream.cancelled
    assert stream.worked == []
