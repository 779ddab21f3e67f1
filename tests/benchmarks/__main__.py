"""Runs the benchmarks: ``python -m tests.benchmarks [--quick] [--publish] [--output DIR]``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.figures import figures
from tests.benchmarks.plot import latency_plot
from tests.benchmarks.publish import publish
from tests.benchmarks.report import document, metadata, page
from tests.benchmarks.schedule import Plan, run
from tests.benchmarks.servers import serving

_COMMAND = "python -m tests.benchmarks --publish"
_OUTPUT = Path("build/bench")
_DOCS = Path(__file__).parents[2] / "docs"
_FULL = Plan(seconds=270, least_rounds=7, calls=100, thread_calls=60, threads=4)
_SMOKE = Plan(seconds=1, least_rounds=2, calls=16, thread_calls=8, threads=4)
_QUICK = Plan(seconds=25, least_rounds=3, calls=50, thread_calls=30, threads=4)


def _main() -> None:
    arguments = _arguments()
    plan = _SMOKE if arguments.smoke else _QUICK if arguments.quick else _FULL
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, serving(Path(folder)) as traffic:
        samples = run(traffic, plan, _tell)
    sys.stderr.write("\n")
    found, about = figures(samples), metadata(plan, samples.rounds)
    text, plot = page(found, about), latency_plot(samples)
    output: Path = arguments.output
    output.mkdir(parents=True, exist_ok=True)
    (output / "latest.json").write_text(document(found, about), "utf-8")
    (output / "latency.svg").write_text(plot, "utf-8")
    sys.stdout.write(text)
    if arguments.publish:
        publish(_DOCS, _COMMAND, text, "benchmarks.svg", plot)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute, coarse figures")
    parser.add_argument("--smoke", action="store_true", help="a few seconds, no figures of worth")
    parser.add_argument("--output", type=Path, default=_OUTPUT, help="folder of the results")
    parser.add_argument(
        "--publish", action="store_true", help="put table and plot into docs/benchmarks.md"
    )
    return parser.parse_args()


def _tell(rounds: int) -> None:
    sys.stderr.write(f"\rround {rounds}")
    sys.stderr.flush()


if __name__ == "__main__":
    _main()
