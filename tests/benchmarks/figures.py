"""Samples to figures: medians of rounds, and ratios taken within each round."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.benchmarks.cases import BATCH_SIZE, CASES
from tests.benchmarks.schedule import TRANSPORTS, Place, Samples

__all__ = ["SUFFIX", "Figures", "figures"]

_Figure: TypeAlias = dict[str, Any]  # numbers, quartiles, and the name of the echo
Figures: TypeAlias = dict[str, _Figure]
SUFFIX = {"tcp": "", "uds": "_uds"}
_MICRO = 1e6


@dataclass(frozen=True, slots=True)
class _Series:
    """One case at one place: a figure for each round; times in microseconds."""

    p50: list[float]
    p99: list[float]
    rate: list[float]


def figures(samples: Samples) -> Figures:
    """Return the figures of each case by its name in the results.

    Each ratio is the median of what it is in each round, with the quartiles beside it
    (``…_spread``): a slow moment of the machine falls on both sides of a round and moves
    neither.
    """
    found: Figures = {}
    for transport in TRANSPORTS:
        for case in CASES:
            echo = _series(samples, ("echo", transport), case.name)
            ours = _series(samples, ("daemon", transport), case.name)
            echo_name = case.echo + SUFFIX[transport]
            found[echo_name] = _compared(echo, echo, echo_name)
            found[case.name + SUFFIX[transport]] = _compared(ours, echo, echo_name)
        _add_batch(found["sign_batch_64" + SUFFIX[transport]], samples, transport)
        _add_stream(found["sign_stream" + SUFFIX[transport]], samples, transport)
    for case in CASES:
        for server, name in (("echo", case.echo), ("daemon", case.name)):
            tcp, uds = (_series(samples, (server, t), case.name) for t in TRANSPORTS)
            found[name + "_uds"] |= _ratio("p50_ratio_to_tcp", uds.p50, tcp.p50)
    return found


def _series(samples: Samples, place: Place, case: str) -> _Series:
    blocks = [sorted(block) for block in samples.latencies[place, case]]
    return _Series(
        p50=[statistics.median(block) * _MICRO for block in blocks],
        p99=[block[math.ceil(0.99 * len(block)) - 1] * _MICRO for block in blocks],
        rate=samples.rates[place, case],
    )


def _compared(ours: _Series, echo: _Series, echo_name: str) -> _Figure:
    return {
        "p50_us": _rounded(statistics.median(ours.p50)),
        "p99_us": _rounded(statistics.median(ours.p99)),
        "throughput": _rounded(statistics.median(ours.rate)),
        **_ratio("p50_ratio", ours.p50, echo.p50),
        **_ratio("p99_ratio", ours.p99, echo.p99),
        **_ratio("throughput_ratio", ours.rate, echo.rate),
        "compared_with": echo_name,
    }


def _add_batch(batch: _Figure, samples: Samples, transport: str) -> None:
    """Add what a batch costs for each signature in it, beside the bare function."""
    series = _series(samples, ("daemon", transport), "sign_batch_64")
    busy = [_MICRO / BATCH_SIZE / rate for rate in series.rate]
    alone = [p50 / BATCH_SIZE for p50 in series.p50]
    bare = [seconds * _MICRO for seconds in samples.bare]
    batch["signatures_per_s"] = _rounded(statistics.median(series.rate) * BATCH_SIZE)
    batch["signature_us"] = _rounded(statistics.median(busy))
    batch["bare_signature_us"] = _rounded(statistics.median(bare))
    batch |= _ratio("raw_ratio", busy, bare)
    batch |= _ratio("raw_ratio_one_thread", alone, bare)


def _add_stream(stream: _Figure, samples: Samples, transport: str) -> None:
    """Add how much more a stream carries than unary calls of as many threads."""
    place = ("daemon", transport)
    stream |= _ratio(
        "throughput_ratio_to_unary",
        samples.rates[place, "sign_stream"],
        samples.rates[place, "sign_ed25519"],
    )


def _ratio(name: str, ours: Sequence[float], others: Sequence[float]) -> _Figure:
    ratios = [a / b for a, b in zip(ours, others, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return {name: round(middle, 3), name + "_spread": [round(low, 3), round(high, 3)]}


def _rounded(number: float) -> float:
    return round(number, 1)
