"""Runs it: ``python -m tests.benchmarks.hyperliquid [--smoke] [--publish] [--output DIR]``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.hyperliquid.signing import (
    CALL,
    CAPPED,
    COINCURVE,
    ECHO,
    PLAIN,
    STREAM,
    Block,
    everybody,
)
from tests.benchmarks.publish import publish
from tests.benchmarks.table import table

_COMMAND = "python -m tests.benchmarks.hyperliquid --publish"
_OUTPUT = Path("build/bench-hyperliquid")
_DOCS = Path(__file__).parents[3] / "docs"
_NAMES = (CALL, STREAM, CAPPED, ECHO, PLAIN, COINCURVE)
_TARGETS = {PLAIN: 0.2, COINCURVE: 2.0}
_HEAD = (
    "who signs", "p50 µs", "p99 µs", "a call to it, p50", "quartiles", "an item to it, p50",
    "quartiles", "shall be",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of two p50 in the same round, over all rounds: quartiles and median."""

    low: float
    p50: float
    high: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What was found of one who signs.

    Attributes:
        name: Who it is.
        p50_us: Microseconds for an order; the median of rounds.
        p99_us: Likewise.
        call: A call of the daemon, to this one.
        item: An item of a stream, to this one.
        at_most: What both ratios shall be; ``None``: nothing is asked of them.
    """

    name: str
    p50_us: float
    p99_us: float
    call: Ratio
    item: Ratio
    at_most: float | None


def _measured(blocks: Mapping[str, Block], rounds: int, number: int) -> list[Figures]:
    """Let everybody sign in each round, in random order; the first round does not count."""
    found: dict[str, list[list[float]]] = {name: [] for name in _NAMES}
    for each in range(rounds + 1):
        for name in random.sample(_NAMES, len(_NAMES)):
            seconds = blocks[name](number)
            if each:
                found[name].append(seconds)
        sys.stderr.write(f"round {each}\n")
    return [_figures(name, found) for name in _NAMES]


def _figures(name: str, found: Mapping[str, Sequence[list[float]]]) -> Figures:
    p99 = [sorted(block)[int(0.99 * (len(block) - 1))] for block in found[name]]
    return Figures(
        name=name,
        p50_us=statistics.median(_p50(found[name])) * 1e6,
        p99_us=statistics.median(p99) * 1e6,
        call=_ratio(found[CALL], found[name]),
        item=_ratio(found[STREAM], found[name]),
        at_most=_TARGETS.get(name),
    )


def _p50(blocks: Sequence[list[float]]) -> list[float]:
    return [statistics.median(block) for block in blocks]


def _ratio(ours: Sequence[list[float]], others: Sequence[list[float]]) -> Ratio:
    ratios = [a / b for a, b in zip(_p50(ours), _p50(others), strict=True)]
    return Ratio(*statistics.quantiles(ratios, n=4, method="inclusive"))


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.hyperliquid")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--orders", type=int, default=100, help="of each in a round")
    parser.add_argument("--smoke", action="store_true", help="a few seconds, no figures of worth")
    parser.add_argument("--output", type=Path, default=_OUTPUT, help="folder of the results")
    parser.add_argument("--publish", action="store_true", help="put them into docs/benchmarks.md")
    arguments = parser.parse_args()
    rounds, orders = (2, 10) if arguments.smoke else (arguments.rounds, arguments.orders)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        everybody(Path(folder)) as blocks,
    ):
        found = _measured(blocks, rounds, orders)
    output: Path = arguments.output
    output.mkdir(parents=True, exist_ok=True)
    (output / "latest.json").write_text(json.dumps([asdict(each) for each in found], indent=2))
    text = _page(found, rounds, orders)
    sys.stdout.write(text)
    if arguments.publish:
        publish(_DOCS, _COMMAND, text)


def _page(found: Sequence[Figures], rounds: int, orders: int) -> str:
    where = (
        f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}: {rounds} rounds of {orders} orders each, on "
        f"{len(os.sched_getaffinity(0))} CPUs of {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}."
    )
    return where + "\n\n" + "\n".join(table([_HEAD, *map(_row, found)])) + "\n"


def _row(figures: Figures) -> tuple[str, ...]:
    return (
        figures.name,
        f"{figures.p50_us:,.0f}",
        f"{figures.p99_us:,.0f}",
        *_told(figures.call),
        *_told(figures.item),
        "" if figures.at_most is None else f"<= {figures.at_most}",
    )


def _told(ratio: Ratio) -> tuple[str, str]:
    return f"{ratio.p50:.2f}", f"{ratio.low:.2f} to {ratio.high:.2f}"


if __name__ == "__main__":
    _main()
