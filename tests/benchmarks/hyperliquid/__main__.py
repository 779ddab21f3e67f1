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

from tests.benchmarks.hyperliquid.signing import CALL, COINCURVE, PLAIN, STREAM, Block, everybody
from tests.benchmarks.publish import publish
from tests.benchmarks.table import table

_COMMAND = "python -m tests.benchmarks.hyperliquid --publish"
_OUTPUT = Path("build/bench-hyperliquid")
_DOCS = Path(__file__).parents[3] / "docs"
_NAMES = (CALL, STREAM, PLAIN, COINCURVE)
_TARGETS = {PLAIN: 0.2, COINCURVE: 2.0}
_HEAD = ("who signs", "p50 µs", "p99 µs", "call to it, p50", "quartiles", "shall be", "met")


@dataclass(frozen=True, slots=True)
class Figures:
    """What was found of one who signs; medians of rounds.

    Attributes:
        name: Who it is.
        p50_us: Microseconds for an order.
        p99_us: Likewise.
        p50_ratio: p50 of a call of the daemon, to this one's in the same round.
        spread: Quartiles of that.
        at_most: What the ratio shall be; ``None``: nothing is asked of it.
        met: Whether it is.
    """

    name: str
    p50_us: float
    p99_us: float
    p50_ratio: float
    spread: tuple[float, float]
    at_most: float | None
    met: bool | None


def _measured(blocks: Mapping[str, Block], rounds: int, number: int) -> list[Figures]:
    """Let everybody sign in each round, in random order; the first round does not count."""
    found: dict[str, list[list[float]]] = {name: [] for name in _NAMES}
    for each in range(rounds + 1):
        for name in random.sample(_NAMES, len(_NAMES)):
            seconds = blocks[name](number)
            if each:
                found[name].append(seconds)
        sys.stderr.write(f"round {each}\n")
    return [_figures(name, found[name], found[CALL]) for name in _NAMES]


def _figures(name: str, ours: Sequence[list[float]], calls: Sequence[list[float]]) -> Figures:
    p50 = [statistics.median(block) for block in ours]
    p99 = [sorted(block)[int(0.99 * (len(block) - 1))] for block in ours]
    ratios = [statistics.median(call) / own for call, own in zip(calls, p50, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    at_most = _TARGETS.get(name)
    return Figures(
        name=name,
        p50_us=statistics.median(p50) * 1e6,
        p99_us=statistics.median(p99) * 1e6,
        p50_ratio=middle,
        spread=(low, high),
        at_most=at_most,
        met=None if at_most is None else middle <= at_most,
    )


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
    low, high = figures.spread
    return (
        figures.name,
        f"{figures.p50_us:,.0f}",
        f"{figures.p99_us:,.0f}",
        f"{figures.p50_ratio:.2f}",
        f"{low:.2f} to {high:.2f}",
        "" if figures.at_most is None else f"<= {figures.at_most}",
        "" if figures.met is None else "yes" if figures.met else "no",
    )


if __name__ == "__main__":
    _main()
