"""Figures as JSON for programs and as a table for people."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version

from tests.benchmarks.cases import BATCH_SIZE, CASES, MESSAGE
from tests.benchmarks.figures import SUFFIX, Figures
from tests.benchmarks.schedule import TRANSPORTS, Plan

__all__ = ["document", "metadata", "page"]

_HEAD = ("case", "p50 µs", "to echo", "p99 µs", "to echo", "per s, 4 threads", "to echo")
_PACKAGES = ("grpcio", "protobuf", "PyNaCl", "coincurve", "cryptography")
_TRANSPORT_NAMES = {"tcp": "TCP", "uds": "Unix socket"}


def metadata(plan: Plan, rounds: int) -> dict[str, object]:
    """Return where and how it was measured."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "packages": {name: version(name) for name in _PACKAGES},
        "rounds": rounds,
        "plan": asdict(plan),
        "message_bytes": len(MESSAGE),
        "batch_size": BATCH_SIZE,
    }


def document(found: Figures, about: Mapping[str, object]) -> str:
    """Return ``latest.json``: an object for each case, and ``metadata``."""
    return json.dumps({"metadata": about, **found}, indent=2) + "\n"


def page(found: Figures, about: Mapping[str, object]) -> str:
    """Return the figures in Markdown, readable as it is."""
    where = (
        f"{about['time']}: {about['rounds']} rounds on {about['cpus']} CPUs of {about['system']}, "
        f"Python {about['python']}, grpcio {version('grpcio')}."
    )
    return "\n".join([where, "", *_table(found), "", *_remarks(found)]) + "\n"


def _table(found: Figures) -> list[str]:
    rows: list[tuple[str, ...]] = [_HEAD]
    for transport in TRANSPORTS:
        for case in CASES:
            rows.append(_row(found, case.echo + SUFFIX[transport], ratios=False))
            rows.append(_row(found, case.name + SUFFIX[transport], ratios=True))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return [_line(row, widths) for row in (rows[0], rule, *rows[1:])]


def _remarks(found: Figures) -> Iterator[str]:
    """Yield in sentences what the table has no column for."""
    for transport in TRANSPORTS:
        batch = found["sign_batch_64" + SUFFIX[transport]]
        stream = found["sign_stream" + SUFFIX[transport]]
        yield (
            f"- {_TRANSPORT_NAMES[transport]}: batches give {batch['signatures_per_s']:,.0f} "
            f"signatures/s, {batch['signature_us']} µs each, {batch['raw_ratio']} times the bare "
            f"function call ({batch['raw_ratio_one_thread']} with one client thread). A stream "
            f"carries {stream['throughput_ratio_to_unary']} times what unary calls do."
        )
    ratio = found["sign_ed25519_uds"]["p50_ratio_to_tcp"]
    yield f"- `sign_ed25519` takes {ratio} times as long on the Unix socket as over TCP (p50)."


def _row(found: Figures, name: str, *, ratios: bool) -> tuple[str, ...]:
    figures = found[name]
    row = [name]
    for figure in ("p50", "p99", "throughput"):
        number = figures[figure if figure == "throughput" else figure + "_us"]
        row += [f"{number:,.0f}", f"{figures[figure + '_ratio']:.2f}" if ratios else ""]
    return tuple(row)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first = row[0].ljust(widths[0])
    rest = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
    return "| " + " | ".join([first, *rest]) + " |"
