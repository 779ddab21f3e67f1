"""Figures as JSON for programs and as a table for people."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from tests.benchmarks.cases import BATCH_SIZE, CASES, MESSAGE
from tests.benchmarks.figures import Figures
from tests.benchmarks.schedule import Plan
from tests.benchmarks.table import table
from tests.benchmarks.targets import judged
from tests.benchmarks.variants import FULL, SUFFIX, TRANSPORTS, VARIANTS, variant_of

__all__ = ["document", "metadata", "page"]

_HEAD = ("case", "p50 µs", "to echo", "p99 µs", "to echo", "per s, 4 threads", "to echo")
_PACKAGES = ("grpcio", "protobuf", "PyNaCl", "coincurve", "cryptography")
_MEASURED = tuple(case for case in CASES if case.name != "sign_secp256k1")  # of the parts
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
        "variants": {variant.name: variant.part for variant in VARIANTS},
    }


def document(found: Figures, about: Mapping[str, object]) -> str:
    """Return ``latest.json``: an object for each case, ``metadata`` and ``targets``."""
    return json.dumps({"metadata": about, "targets": judged(found), **found}, indent=2) + "\n"


def page(found: Figures, about: Mapping[str, object]) -> str:
    """Return the figures in Markdown, readable as it is."""
    where = (
        f"{about['time']}: {about['rounds']} rounds on {about['cpus']} CPUs of {about['system']}, "
        f"Python {about['python']}, grpcio {version('grpcio')}."
    )
    tables = (_targets(found), _by_part(found), _whole(found), _remarks(found))
    return "\n\n".join([where, *("\n".join(each) for each in tables)]) + "\n"


def _whole(found: Figures) -> Iterator[str]:
    """Yield the table of the whole daemon beside the echo."""
    rows: list[Sequence[str]] = [_HEAD]
    for transport in TRANSPORTS:
        for case in CASES:
            rows.append(_row(found, case.echo + SUFFIX[transport], ratios=False))
            rows.append(_row(found, variant_of(FULL).named(case.name, transport), ratios=True))
    yield from table(rows)


def _by_part(found: Figures) -> Iterator[str]:
    """Yield the table of what each part adds: p50 to the echo, and how much of that is new."""
    rows: list[Sequence[str]] = [("part", "adds to", *(case.name for case in _MEASURED))]
    for variant in VARIANTS:
        cells = []
        for case in _MEASURED:
            figures = found.get(variant.named(case.name, "tcp"), {})
            cells.append(_cell(figures))
        rows.append((f"{variant.name}: {variant.part}", variant.before, *cells))
    yield from table(rows)


def _cell(figures: Mapping[str, Any]) -> str:
    if not figures:
        return ""
    added = figures.get("p50_ratio_added")
    return f"{figures['p50_ratio']:.2f}" + ("" if added is None else f" ({added:+.2f})")


def _targets(found: Figures) -> Iterator[str]:
    """Yield the table of the targets."""
    rows: list[Sequence[str]] = [("target", "shall be", "is", "quartiles", "met")]
    for target in judged(found):
        floor = "at_least" in target
        bound = f"{'>=' if floor else '<='} {target['at_least' if floor else 'at_most']}"
        low, high = target["spread"]
        name = f"{target['case']} {target['figure']}"
        met = "yes" if target["met"] else "no"
        rows.append((name, bound, f"{target['measured']:.2f}", f"{low:.2f} to {high:.2f}", met))
    yield from table(rows)


def _remarks(found: Figures) -> Iterator[str]:
    """Yield in sentences what the tables have no column for."""
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
    added = [
        f"{variant.name} {figures['raw_ratio']:.2f}"
        for variant in VARIANTS
        if (figures := found.get(variant.named("sign_batch_64", "tcp")))
    ]
    yield f"- `raw_ratio` of batches, part by part: {', '.join(added)}."


def _row(found: Figures, name: str, *, ratios: bool) -> tuple[str, ...]:
    figures = found[name]
    row = [name]
    for figure in ("p50", "p99", "throughput"):
        number = figures[figure if figure == "throughput" else figure + "_us"]
        row += [f"{number:,.0f}", f"{figures[figure + '_ratio']:.2f}" if ratios else ""]
    return tuple(row)
