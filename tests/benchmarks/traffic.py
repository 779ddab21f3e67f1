"""The client's side: the calls of a case over one connection, timed."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from queue import SimpleQueue
from typing import Any

import grpc
from signward.v1 import key_service_pb2_grpc as keys_grpc
from signward.v1 import sign_service_pb2 as sign_pb
from signward.v1 import sign_service_pb2_grpc as sign_grpc

from tests.benchmarks.cases import Case

__all__ = ["Traffic"]

_DEADLINE = 30.0  # seconds; a block lasts well below one
_WARM_UP = 5


class Traffic:
    """Calls to one server over one transport.

    Args:
        channel: The connection. Threads share it, as those of one client do.
    """

    def __init__(self, channel: grpc.Channel) -> None:
        keys = keys_grpc.KeyServiceStub(channel)
        signatures = sign_grpc.SignServiceStub(channel)
        self._stream = signatures.SignStream
        self._unary: dict[str, Callable[..., Any]] = {
            "GetPublicKey": keys.GetPublicKey,
            "Sign": signatures.Sign,
            "SignBatch": signatures.SignBatch,
        }

    def answer(self, case: Case) -> Any:  # each RPC has its own message
        """Return the answer to one call; for a stream, to its one item."""
        with self._opened(case) as call:
            return call()

    def latencies(self, case: Case, count: int) -> list[float]:
        """Return the seconds that each of ``count`` calls takes, one after the other."""
        with self._opened(case) as call:
            for _ in range(_WARM_UP):
                call()
            return [_seconds(call) for _ in range(count)]

    def rate(self, case: Case, count: int, threads: int) -> float:
        """Return the calls (or stream items) per second of some threads, ``count`` each.

        Each thread sends its calls one after the other, or all its items over one stream
        without waiting for the answers.
        """
        start = threading.Barrier(threads + 1)
        work = partial(self._pipelined if case.streams else self._repeated, case, count, start)
        with ThreadPoolExecutor(threads) as pool:
            running = [pool.submit(work) for _ in range(threads)]
            start.wait(_DEADLINE)
            begin = time.perf_counter()
            for future in running:
                future.result()
            return count * threads / (time.perf_counter() - begin)

    def _repeated(self, case: Case, count: int, start: threading.Barrier) -> None:
        call = partial(self._unary[case.method], case.request, timeout=_DEADLINE)
        start.wait(_DEADLINE)
        for _ in range(count):
            call()

    def _pipelined(self, case: Case, count: int, start: threading.Barrier) -> None:
        items = [sign_pb.SignStreamRequest(id=i, request=case.request) for i in range(count)]
        start.wait(_DEADLINE)
        answered = 0
        for answer in self._stream(iter(items), timeout=_DEADLINE):
            _signed(answer)
            answered += 1
        if answered != count:
            raise RuntimeError(f"{answered} answers to {count} items")

    @contextmanager
    def _opened(self, case: Case) -> Iterator[Callable[[], Any]]:
        if not case.streams:
            yield partial(self._unary[case.method], case.request, timeout=_DEADLINE)
            return
        ids = itertools.count()
        items: SimpleQueue[sign_pb.SignStreamRequest | None] = SimpleQueue()
        answers = self._stream(iter(items.get, None), timeout=_DEADLINE)

        def call() -> sign_pb.SignStreamResponse:
            items.put(sign_pb.SignStreamRequest(id=next(ids), request=case.request))
            return _signed(next(answers))

        try:
            yield call
        finally:
            items.put(None)
            for _ in answers:
                pass


def _signed(answer: sign_pb.SignStreamResponse) -> sign_pb.SignStreamResponse:
    if answer.WhichOneof("outcome") != "response":
        raise RuntimeError(f"an item was refused: {answer.error.message}")
    return answer


def _seconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin
