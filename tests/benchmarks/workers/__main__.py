"""Runs it: ``python -m tests.benchmarks.workers [--smoke] [--output DIR]``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.table import table
from tests.benchmarks.workers.calling import CONNECTIONS
from tests.benchmarks.workers.measuring import Figures, measure

_OUTPUT = Path("build/bench-workers")
_HEAD = (
    "what", "one process, per s", "two, per s", "two to one", "quartiles",
    "CPU ms a call, one", "two", "client", "allows",
)  # fmt: skip


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.workers")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--smoke", action="store_true", help="a few seconds, no figures of worth")
    parser.add_argument("--output", type=Path, default=_OUTPUT, help="folder of the results")
    arguments = parser.parse_args()
    rounds, seconds = (2, 0.3) if arguments.smoke else (arguments.rounds, arguments.seconds)
    found = measure(rounds, seconds, _tell)
    output: Path = arguments.output
    output.mkdir(parents=True, exist_ok=True)
    (output / "latest.json").write_text(json.dumps([asdict(each) for each in found], indent=2))
    sys.stdout.write(_page(found, rounds))


def _tell(number: int) -> None:
    sys.stderr.write(f"round {number}\n")


def _page(found: Sequence[Figures], rounds: int) -> str:
    where = (
        f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}: SignBatch of 64 over {CONNECTIONS} connections of "
        f"one client, {rounds} rounds, on {len(os.sched_getaffinity(0))} CPUs of "
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}."
    )
    return where + "\n\n" + "\n".join(table([_HEAD, *map(_row, found)])) + "\n"


def _row(figures: Figures) -> tuple[str, ...]:
    return (
        figures.kind,
        f"{figures.one:,.0f}",
        f"{figures.two:,.0f}",
        f"{figures.ratio:.2f}",
        f"{figures.low:.2f} to {figures.high:.2f}",
        *(f"{each:.2f}" for each in (*figures.server_ms, figures.client_ms)),
        f"{figures.allowed(len(os.sched_getaffinity(0))):.2f}",
    )


if __name__ == "__main__":
    _main()
