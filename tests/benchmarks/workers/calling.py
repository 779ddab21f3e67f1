"""The client's side: four connections, each with one call after the other."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import grpc
from signward import Client, Credentials

__all__ = ["CONNECTIONS", "Calls"]

CONNECTIONS = 4
_DEADLINE = 30.0
_BATCH = "/signward.v1.SignService/SignBatch"


class Calls:
    """Sends the same bytes again and again and reads no answer, so as to cost little itself.

    Args:
        target: Of the servers.
        credentials: For them.
        request: A ``SignBatchRequest``, as bytes.
    """

    def __init__(self, target: str, credentials: Credentials, request: bytes) -> None:
        self._target = target
        self._credentials = credentials
        self._request = request

    def rate(self, seconds: float) -> float:
        """Return the calls per second, over connections that are made anew."""
        with ExitStack() as opened, ThreadPoolExecutor(CONNECTIONS) as pool:
            channels = [self._connected(opened) for _ in range(CONNECTIONS)]
            begin = threading.Barrier(CONNECTIONS)
            runs = [pool.submit(self._repeat, each, begin, seconds) for each in channels]
            return sum(run.result() for run in runs)

    def answer(self) -> bytes:
        """Return the answer to one call."""
        with ExitStack() as opened:
            answer: bytes = self._connected(opened).unary_unary(_BATCH)(self._request)
            return answer

    def _connected(self, opened: ExitStack) -> grpc.Channel:
        client = opened.enter_context(Client(self._target, self._credentials))
        grpc.channel_ready_future(client.channel).result(_DEADLINE)
        return client.channel

    def _repeat(self, channel: grpc.Channel, begin: threading.Barrier, seconds: float) -> float:
        call = channel.unary_unary(_BATCH)
        call(self._request, timeout=_DEADLINE)
        begin.wait(_DEADLINE)
        started, count = time.perf_counter(), 0
        while (now := time.perf_counter()) < started + seconds:
            call(self._request, timeout=_DEADLINE)
            count += 1
        return count / (now - started)
