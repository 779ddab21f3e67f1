"""Runs it: ``python -m tests.benchmarks.many_keys [--smoke] [--publish] [--output DIR]``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.many_keys.drawing import plot
from tests.benchmarks.many_keys.measuring import FEW, Figures, Plan, measure
from tests.benchmarks.publish import publish
from tests.benchmarks.table import table

_COMMAND = "python -m tests.benchmarks.many_keys --publish"
_OUTPUT = Path("build/bench-keys")
_DOCS = Path(__file__).parents[3] / "docs"
_FULL = Plan(sizes=(10, 1_000, 10_000, 100_000, 1_000_000), starts=3, rounds=9, calls=200)
_SMOKE = Plan(sizes=(10, 200), starts=1, rounds=1, calls=10)
_HEAD = (
    "keys", "start s", "to that with 10", "resident MiB", "peak MiB", "p50, one key",
    "p50, spread",
)  # fmt: skip


def _main() -> None:
    arguments = _arguments()
    plan = _SMOKE if arguments.smoke else _FULL
    found: list[Figures] = []
    with tempfile.TemporaryDirectory(prefix="bench-keys-") as folder:
        for figures in measure(Path(folder), plan):
            found.append(figures)
            sys.stderr.write(f"{figures}\n")
    text, drawing = _page(found, plan), plot(found)
    output: Path = arguments.output
    output.mkdir(parents=True, exist_ok=True)
    (output / "latest.json").write_text(json.dumps([asdict(each) for each in found], indent=2))
    (output / "keys.svg").write_text(drawing, "utf-8")
    sys.stdout.write(text)
    if arguments.publish:
        publish(_DOCS, _COMMAND, text, "benchmarks-keys.svg", drawing)


def _page(found: Sequence[Figures], plan: Plan) -> str:
    """Return the figures in Markdown, readable as it is."""
    where = (
        f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}: {plan.rounds} rounds, {plan.starts} starts each, on "
        f"{len(os.sched_getaffinity(0))} CPUs of {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}; ratios are to a daemon with {FEW} keys."
    )
    return where + "\n\n" + "\n".join(table([_HEAD, *map(_row, found)])) + "\n"


def _row(figures: Figures) -> tuple[str, ...]:
    return (
        f"{figures.keys:,}",
        f"{figures.start_s:.2f}",
        f"{figures.start_ratio:.2f}",
        f"{figures.resident_mib:.0f}",
        f"{figures.peak_mib:.0f}",
        f"{figures.p50_ratio:.2f}",
        f"{figures.spread_p50_ratio:.2f}",
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.many_keys")
    parser.add_argument("--smoke", action="store_true", help="a few seconds, no figures of worth")
    parser.add_argument("--output", type=Path, default=_OUTPUT, help="folder of the results")
    parser.add_argument("--publish", action="store_true", help="put them into docs/benchmarks.md")
    return parser.parse_args()


if __name__ == "__main__":
    _main()
