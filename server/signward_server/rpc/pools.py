"""Threads for calls, and slots for streams."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent import futures
from queue import SimpleQueue

__all__ = ["CallPool", "StreamSlots", "start_all", "started_pool"]

_Task = tuple[Callable[..., object], tuple[object, ...]]


class CallPool(futures.Executor):
    """A pool without futures: grpcio drops them, and they cost a tenth of a call.

    Args:
        size: Number of threads, all started at once.
        queue: How many calls may wait for one.
    """

    def __init__(self, size: int, queue: int) -> None:
        self._queue = queue
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        # Each number is written by one thread alone, so that counting takes no lock.
        self._submitted = 0
        self._done = [0] * size
        self._threads = [
            threading.Thread(target=self._work, args=(number,), name=f"call-{number}", daemon=True)
            for number in range(size)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """Number of calls that no thread has taken yet."""
        return self._tasks.qsize()

    def has_room(self) -> bool:
        """Return whether one more call is taken. For the serving thread alone."""
        return self.waiting < self._queue

    @property
    def is_calm(self) -> bool:
        """Whether no call waits for a thread."""
        return not self.waiting

    @property
    def idle(self) -> bool:
        """Whether every call that was submitted has been worked."""
        return sum(self._done) == self._submitted

    @property
    def alive(self) -> bool:
        """Whether every thread of the pool runs."""
        return all(thread.is_alive() for thread in self._threads)

    def submit(  # type: ignore[override]  # grpcio takes None for "nobody counts"
        self, fn: Callable[..., object], /, *args: object, **kwargs: object
    ) -> None:
        """Run ``fn(*args)`` on a thread of the pool. For the serving thread alone."""
        if kwargs:
            raise TypeError("a CallPool takes positional arguments only")
        self._submitted += 1
        self._tasks.put((fn, args))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the threads after what is queued already."""
        del cancel_futures
        for _ in self._threads:
            self._tasks.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def _work(self, number: int) -> None:
        # grpcio's entry point catches what handlers raise, so that a thread lives on.
        take, done = self._tasks.get, self._done
        while True:
            task = take()
            if task is None:
                return
            fn, args = task
            fn(*args)
            done[number] += 1
            del task, fn, args


def started_pool(size: int, name: str) -> futures.ThreadPoolExecutor:
    """Return a pool whose threads all run already.

    grpcio wants a ``ThreadPoolExecutor`` beside its own pool. That starts threads when it is
    handed work, on the serving thread, which a failure to start one would end.
    """
    pool = futures.ThreadPoolExecutor(size, thread_name_prefix=name)
    start_all(pool, size)
    return pool


def start_all(pool: futures.ThreadPoolExecutor, size: int) -> None:
    """Start all ``size`` threads of a pool."""
    together = threading.Barrier(size + 1)
    for _ in range(size):
        pool.submit(together.wait)
    together.wait()


class StreamSlots:
    """Counts open streams, in all and of each identity.

    A stream may hold a thread, some for their whole life, so there are never more streams than
    the stream pool has threads.

    Args:
        total: How many may be open.
        per_identity: How many one identity may have open.
    """

    def __init__(self, total: int, per_identity: int) -> None:
        self._total = total
        self._per_identity = per_identity
        self._open = 0
        self._of: Counter[str] = Counter()
        self._lock = threading.Lock()

    def enter(self) -> bool:
        """Take one of all slots; return false when there is none."""
        with self._lock:
            if self._open >= self._total:
                return False
            self._open += 1
            return True

    def leave(self) -> None:
        """Give a slot back."""
        with self._lock:
            self._open -= 1

    def enter_as(self, identity: str) -> bool:
        """Take one of an identity's slots; return false when it has none left."""
        with self._lock:
            if self._of[identity] >= self._per_identity:
                return False
            self._of[identity] += 1
            return True

    def leave_as(self, identity: str) -> None:
        """Give an identity's slot back."""
        with self._lock:
            self._of[identity] -= 1
            if not self._of[identity]:
                del self._of[identity]

    @property
    def open(self) -> int:
        """Number of open streams."""
        return self._open
