"""Samples to figures: medians of rounds, and ratios taken within each round."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.benchmarks.cases import BATCH_SIZE, CASES, Case
from tests.benchmarks.schedule import Samples
from tests.benchmarks.variants import (
    ECHO,
    FULL,
    SUFFIX,
    TRANSPORTS,
    VARIANTS,
    Place,
    Variant,
    places_of,
    variant_of,
)

__all__ = ["Figures", "figures"]

_Figure: TypeAlias = dict[str, Any]  # numbers, quartiles, and the names of other cases
Figures: TypeAlias = dict[str, _Figure]
_MICRO = 1e6
_UNARY = next(case for case in CASES if case.name == "sign_ed25519")


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
    for case in CASES:
        series = {place: _series(samples, place, case) for place in places_of(case)}
        for transport in TRANSPORTS:
            name = case.echo + SUFFIX[transport]
            found[name] = _compared(series[ECHO, transport], series[ECHO, transport], name)
        for variant in VARIANTS:
            if case.name in variant.cases:
                found |= _of_variant(series, variant, case, samples)
        for server, name in ((ECHO, case.echo), (FULL, case.name)):
            tcp, uds = (series[server, transport] for transport in TRANSPORTS)
            found[name + SUFFIX["uds"]] |= _ratio("p50_ratio_to_tcp", uds.p50, tcp.p50)
    return found


def _of_variant(
    series: dict[Place, _Series], variant: Variant, case: Case, samples: Samples
) -> Figures:
    """Return the figures of a case with a variant, at each of its transports."""
    found: Figures = {}
    for transport in variant.transports:
        ours, echo = series[variant.name, transport], series[ECHO, transport]
        figure = _compared(ours, echo, case.echo + SUFFIX[transport])
        before = series.get((variant.before, transport))
        if before is not None:
            figure["adds_to"] = variant_of(variant.before).named(case.name, transport)
            figure |= _added("p50_ratio_added", ours.p50, before.p50, echo.p50)
            figure |= _added("throughput_ratio_added", ours.rate, before.rate, echo.rate)
        if case.name == "sign_batch_64":
            figure |= _batch(ours, before, samples.bare)
        if case.name == "sign_stream":
            unary = samples.rates[(variant.name, transport), _UNARY.name]
            figure |= _ratio("throughput_ratio_to_unary", ours.rate, unary)
            bare = _series(samples, (ECHO, transport), _UNARY)
            figure |= _ratio("p50_ratio_to_unary_echo", ours.p50, bare.p50)
        found[variant.named(case.name, transport)] = figure
    return found


def _series(samples: Samples, place: Place, case: Case) -> _Series:
    blocks = [sorted(block) for block in samples.latencies[place, case.name]]
    return _Series(
        p50=[statistics.median(block) * _MICRO for block in blocks],
        p99=[block[math.ceil(0.99 * len(block)) - 1] * _MICRO for block in blocks],
        rate=samples.rates[place, case.name],
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


def _batch(ours: _Series, before: _Series | None, bare_seconds: Sequence[float]) -> _Figure:
    """Return what a batch costs for each signature in it, beside the bare function."""
    busy = _busy(ours)
    alone = [p50 / BATCH_SIZE for p50 in ours.p50]
    bare = [seconds * _MICRO for seconds in bare_seconds]
    figure = {
        "signatures_per_s": _rounded(statistics.median(ours.rate) * BATCH_SIZE),
        "signature_us": _rounded(statistics.median(busy)),
        "bare_signature_us": _rounded(statistics.median(bare)),
        **_ratio("raw_ratio", busy, bare),
        **_ratio("raw_ratio_one_thread", alone, bare),
    }
    if before is not None:
        figure |= _added("raw_ratio_added", busy, _busy(before), bare)
    return figure


def _busy(series: _Series) -> list[float]:
    """Return the microseconds per signature of batches under load."""
    return [_MICRO / BATCH_SIZE / rate for rate in series.rate]


def _ratio(name: str, ours: Sequence[float], others: Sequence[float]) -> _Figure:
    return _spread(name, [a / b for a, b in zip(ours, others, strict=True)])


def _added(
    name: str, ours: Sequence[float], before: Sequence[float], unit: Sequence[float]
) -> _Figure:
    """Return what ours has more than the one before it, in units of another."""
    return _spread(name, [(a - b) / c for a, b, c in zip(ours, before, unit, strict=True)])


def _spread(name: str, by_round: Sequence[float]) -> _Figure:
    low, middle, high = statistics.quantiles(by_round, n=4, method="inclusive")
    return {name: round(middle, 3), name + "_spread": [round(low, 3), round(high, 3)]}


def _rounded(number: float) -> float:
    return round(number, 1)
