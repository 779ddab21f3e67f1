"""A collector that is dead in any way costs spans, and no signature a moment."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

import pytest
from signward import Client

from tests.running.homes import Home
from tests.running.keys import create, sign_request
from tests.running.otlp import Mode, Receiver
from tests.running.process import UNMEASURED, Daemon
from tests.running.waiting import eventually

pytestmark = pytest.mark.integration

ROUNDS, CALLS, IN_A_ROW = 9, 120, 10
REQUEST = sign_request("key", b"x" * 200)


def serving(home: Home, endpoint: str, opened: ExitStack) -> tuple[Daemon, Client]:
    flags = ("--set", f"telemetry.endpoint={endpoint}", "--set", "telemetry.timeout=2s")
    daemon = opened.enter_context(Daemon(home, *flags, **UNMEASURED))
    bot = opened.enter_context(daemon.client())
    create(bot, "key")
    return daemon, bot


def latencies(*clients: Client) -> list[list[float]]:
    """Sign with each in turn, so that what holds up one holds up all; return each one's times.

    Several times in a row: what a daemon does after it has answered holds up its next call.
    """
    taken: list[list[float]] = [[] for _ in clients]
    for _ in range(CALLS // IN_A_ROW):
        for client, times in zip(clients, taken, strict=True):
            for _ in range(IN_A_ROW):
                began = time.perf_counter()
                client.sign(REQUEST)
                times.append(time.perf_counter() - began)
    return [sorted(times) for times in taken]


@pytest.fixture(scope="module")
def alive(new_home: Callable[[], Home]) -> Iterator[Client]:
    """A client of a daemon whose collector is well."""
    with Receiver() as live, ExitStack() as opened:
        yield serving(new_home(), live.endpoint, opened)[1]


def dead(kind: str, opened: ExitStack) -> str:
    """Return the address of a collector that is dead in some way."""
    if kind == "absent":
        with Receiver() as gone:
            return gone.endpoint
    receiver = opened.enter_context(Receiver(Mode.LIVE if kind == "frozen" else Mode(kind)))
    if kind == "frozen":
        opened.enter_context(receiver.frozen())
    return receiver.endpoint


@pytest.mark.parametrize("kind", ["hanging", "refusing", "denying", "slow", "frozen", "absent"])
def test_signing_takes_as_long_as_with_one_that_lives(kind: str, home: Home, alive: Client) -> None:
    with ExitStack() as opened:
        daemon, bot = serving(home, dead(kind, opened), opened)
        latencies(bot, alive)
        rounds = [latencies(bot, alive) for _ in range(ROUNDS)]
        assert ratio(rounds, 0.5) < 1.5
        assert ratio(rounds, 0.99) < 2
        assert daemon.probe("/readyz") == 200
        if kind != "slow":
            assert eventually(lambda: "the collector takes nothing" in daemon.said)
        if kind == "denying":
            lost = 'signward_spans_dropped_total{place="collector"}'
            assert eventually(lambda: daemon.metric(lost) > 0)
        assert daemon.metric('signward_spans_dropped_total{place="queue"}') == 0
        began = time.monotonic()
        assert daemon.stop() == 0
        assert time.monotonic() - began < 5


def ratio(rounds: Sequence[Sequence[Sequence[float]]], share: float) -> float:
    """Return the median over rounds of how much longer the first took, at some quantile."""
    place = int(CALLS * share)
    return statistics.median(ours[place] / theirs[place] for ours, theirs in rounds)
