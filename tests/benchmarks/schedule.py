"""Rounds: everything once in each, in random order, a case beside its echo."""

from __future__ import annotations

import random
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tests.benchmarks.bare import BareSigner
from tests.benchmarks.cases import BATCH_SIZE, CASES, Case
from tests.benchmarks.traffic import Traffic
from tests.benchmarks.variants import Place, places_of

__all__ = ["Plan", "Samples", "run"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes:
        seconds: After this time no further round begins.
        least_rounds: Rounds there are in any case.
        calls: Calls of one block of latencies, divided by the case's weight.
        thread_calls: Calls of each thread in one block of throughput, likewise.
        threads: Threads of the throughput.
    """

    seconds: float
    least_rounds: int
    calls: int
    thread_calls: int
    threads: int


@dataclass(frozen=True, slots=True)
class Samples:
    """What was measured, one entry for each round.

    Attributes:
        latencies: Seconds of each call, by place and case.
        rates: Calls per second of all threads together, by place and case.
        bare: Seconds of a bare signature, beside the batches.
    """

    latencies: dict[tuple[Place, str], list[list[float]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    rates: dict[tuple[Place, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    bare: list[float] = field(default_factory=list)

    @property
    def rounds(self) -> int:
        """Number of rounds."""
        return len(self.bare)


def run(traffic: Mapping[Place, Traffic], plan: Plan, tell: Callable[[int], None]) -> Samples:
    """Measure all cases in rounds.

    Args:
        traffic: The client's side of each place.
        plan: How much.
        tell: Told the number of each round that ends.
    """
    samples = Samples()
    bare = BareSigner()
    end = time.monotonic() + plan.seconds
    while samples.rounds < plan.least_rounds or time.monotonic() < end:
        for case in _shuffled(CASES):
            alone = [bare.seconds(BATCH_SIZE) for _ in _measure(traffic, case, plan, samples)]
            if case.name == "sign_batch_64":
                samples.bare.append(statistics.mean(alone))
        tell(samples.rounds)
    return samples


def _measure(
    traffic: Mapping[Place, Traffic], case: Case, plan: Plan, samples: Samples
) -> Iterator[Place]:
    """Measure one case at all its places, the like beside the like; yield after each block."""
    places = places_of(case)
    calls = max(plan.calls // case.weight, 1)
    thread_calls = max(plan.thread_calls // case.weight, 1)
    for place in _shuffled(places):
        samples.latencies[place, case.name].append(traffic[place].latencies(case, calls))
        yield place
    for place in _shuffled(places):
        samples.rates[place, case.name].append(
            traffic[place].rate(case, thread_calls, plan.threads)
        )
        yield place


def _shuffled(things: Sequence[_T]) -> list[_T]:
    return random.sample(things, len(things))
