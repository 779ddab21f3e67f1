"""Many callers that sign without a pause, by every way there is, and when each shot began."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue

import grpc
from signward import Client, SignwardError
from signward.v1 import sign_service_pb2 as pb

from tests.running.calls import SIGN, refusal_in, refusal_of
from tests.running.homes import PATIENCE
from tests.running.keys import sign_request
from tests.running.waiting import eventually

__all__ = ["SIGNED", "Fire", "Shot", "firing"]

SIGNED = "signed"
_BATCH = 16
_WAYS = {"single": 8, "batch": 1, "stream": 1}


@dataclass(frozen=True, slots=True)
class Shot:
    """One item that was asked to be signed.

    Attributes:
        way: ``single``, ``batch`` or ``stream``.
        began: When its call or message was sent, on the monotonic clock.
        outcome: ``SIGNED``, or the reason of its refusal.
    """

    way: str
    began: float
    outcome: str


class Fire:
    """All shots at a key, as they are fired."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._ceased = threading.Event()
        self.shots: list[Shot] = []

    def cease(self) -> None:
        self._ceased.set()

    def wait_for(self, number: int, after: float = 0.0) -> None:
        """Wait until each way has shot so often since a moment."""
        assert eventually(lambda: min(self._number(way, after) for way in _WAYS) >= number)

    def after(self, moment: float) -> Counter[str]:
        """Return what became of the shots that began after a moment."""
        return Counter(shot.outcome for shot in list(self.shots) if shot.began > moment)

    def signed_before(self, moment: float) -> bool:
        """Return whether each way signed before a moment."""
        found = {s.way for s in list(self.shots) if s.began < moment and s.outcome == SIGNED}
        return found == set(_WAYS)

    def single(self, client: Client) -> None:
        self._each("single", lambda: [_single(client, self._key)])

    def batch(self, client: Client) -> None:
        requests = [sign_request(self._key)] * _BATCH
        self._each("batch", lambda: _batch(client, requests))

    def stream(self, client: Client) -> None:
        while not self._ceased.is_set():
            items: SimpleQueue[bytes | None] = SimpleQueue()
            method = client.channel.stream_stream(SIGN + "SignStream")
            answers = method(iter(items.get, None), timeout=PATIENCE)
            numbers = iter(range(1, 10**6))
            self._each("stream", lambda: _item(items, answers, next(numbers), self._key))  # noqa: B023
            items.put(None)

    def _number(self, way: str, after: float) -> int:
        return sum(shot.way == way and shot.began > after for shot in list(self.shots))

    def _each(self, way: str, shoot: Callable[[], list[str]]) -> None:
        while not self._ceased.is_set():
            began = time.monotonic()
            outcomes = shoot()
            self.shots += [Shot(way, began, outcome) for outcome in outcomes]
            if way == "stream" and outcomes[-1].startswith("ended"):
                return


@contextmanager
def firing(key: str, client: Callable[[], Client]) -> Iterator[Fire]:
    """Let ten callers sign with a key until the block ends; each has a connection of its own."""
    fire = Fire(key)
    with ThreadPoolExecutor(sum(_WAYS.values())) as pool:
        clients = [client() for _ in range(sum(_WAYS.values()))]
        turn = iter(clients)
        done: list[Future[None]] = [
            pool.submit(getattr(fire, way), next(turn))
            for way, number in _WAYS.items()
            for _ in range(number)
        ]
        try:
            yield fire
        finally:
            fire.cease()
            for each in done:
                each.result(PATIENCE)
            for opened in clients:
                opened.close()


def _single(client: Client, key: str) -> str:
    try:
        client.sign(sign_request(key))
    except SignwardError as error:
        return error.reason
    return SIGNED


def _batch(client: Client, requests: list[pb.SignRequest]) -> list[str]:
    try:
        answers = client.sign_batch(requests)
    except SignwardError as error:
        return [error.reason]
    return [SIGNED if isinstance(a, pb.SignResponse) else a.reason for a in answers]


def _item(
    items: SimpleQueue[bytes | None], answers: Iterator[bytes], number: int, key: str
) -> list[str]:
    items.put(pb.SignStreamRequest(id=number, request=sign_request(key)).SerializeToString())
    try:
        answer = pb.SignStreamResponse.FromString(next(answers))
    except grpc.RpcError as error:
        return [f"ended {refusal_of(error).reason}"]
    return [refusal_in(answer.error).reason if answer.HasField("error") else SIGNED]
