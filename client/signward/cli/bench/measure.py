"""Measuring cases side by side: interleaved rounds, in random order, medians of rounds."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from signward.cli.bench.cases import BASELINE, Case

__all__ = ["Result", "measure"]


@dataclass(frozen=True, slots=True)
class _Round:
    """One case in one round: latencies of its operations in seconds, and the time of all."""

    latencies: list[float]
    elapsed: float

    def quantile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass(frozen=True, slots=True)
class Result:
    """One case; ratios are to the baseline of the same rounds.

    Attributes:
        name: The case.
        p50_us: Median latency of an operation in microseconds.
        p99_us: 99th percentile of the latency in microseconds.
        throughput: Calls or signatures a second, over all threads.
        p50_ratio: Median latency over the baseline's.
        p99_ratio: 99th percentile over the baseline's.
        throughput_ratio: Throughput over the baseline's.
    """

    name: str
    p50_us: float
    p99_us: float
    throughput: float
    p50_ratio: float
    p99_ratio: float
    throughput_ratio: float

    def as_dict(self) -> dict[str, float]:
        """Return the numbers by name."""
        return {
            "p50_us": self.p50_us,
            "p99_us": self.p99_us,
            "throughput": self.throughput,
            "p50_ratio": self.p50_ratio,
            "p99_ratio": self.p99_ratio,
            "throughput_ratio": self.throughput_ratio,
        }


def measure(
    cases: Sequence[Case],
    *,
    seconds: float,
    rounds: int,
    threads: int,
    clock: Callable[[], float] = time.perf_counter,
) -> list[Result]:
    """Run all cases for about so many seconds in all.

    Args:
        cases: The baseline is among them.
        seconds: Time for everything; each round gives each case the same share.
        rounds: Medians are taken over so many rounds.
        threads: Callers at once.
        clock: Returns seconds.

    Raises:
        SignwardError: An operation fails.
    """
    share = seconds / (rounds * len(cases))
    measured: dict[str, list[_Round]] = {case.name: [] for case in cases}
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(rounds):
            for case in random.sample(cases, len(cases)):
                measured[case.name].append(_round(pool, threads, case, share, clock))
    figures = {case.name: _figures(measured[case.name], case.items) for case in cases}
    p50, p99, throughput = figures[BASELINE]
    return [
        Result(name, *values, values[0] / p50, values[1] / p99, values[2] / throughput)
        for name, values in figures.items()
    ]


def _round(
    pool: ThreadPoolExecutor, threads: int, case: Case, share: float, clock: Callable[[], float]
) -> _Round:
    def caller() -> list[float]:
        latencies = []
        now = clock()
        end = now + share
        while now < end:
            case.run()
            done = clock()
            latencies.append(done - now)
            now = done
        return latencies

    start = clock()
    callers = [pool.submit(caller) for _ in range(threads)]
    latencies = [latency for future in callers for latency in future.result()]
    return _Round(latencies, clock() - start)


def _figures(rounds: Sequence[_Round], items: int) -> tuple[float, float, float]:
    """Return p50 and p99 in microseconds, and items a second; medians over the rounds."""
    return (
        statistics.median(r.quantile(0.5) for r in rounds) * 1e6,
        statistics.median(r.quantile(0.99) for r in rounds) * 1e6,
        statistics.median(items * len(r.latencies) / r.elapsed for r in rounds),
    )
