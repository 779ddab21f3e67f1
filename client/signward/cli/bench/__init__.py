"""``signward bench``: what a daemon takes and gives, measured from here."""

from __future__ import annotations

from typing import Annotated

import typer

from signward.cli.bench.cases import open_cases
from signward.cli.bench.measure import Result, measure
from signward.cli.connection import Session, connected
from signward.cli.sign.options import HashOption, KeyArgument

__all__ = ["app"]

app = typer.Typer(add_completion=False)

_HEADER = ("CASE", "P50 us", "P99 us", "PER SECOND", "P50 RATIO", "P99 RATIO", "RATIO")


def _row(result: Result) -> tuple[str, ...]:
    return (
        result.name,
        f"{result.p50_us:.0f}",
        f"{result.p99_us:.0f}",
        f"{result.throughput:.0f}",
        f"{result.p50_ratio:.2f}",
        f"{result.p99_ratio:.2f}",
        f"{result.throughput_ratio:.2f}",
    )


@app.command()
@connected
def bench(
    session: Session,
    key: KeyArgument,
    seconds: Annotated[float, typer.Option(min=1, max=300, help="Time for all of it.")] = 10.0,
    rounds: Annotated[int, typer.Option(min=1, max=50, help="Rounds, medians count.")] = 5,
    threads: Annotated[int, typer.Option(min=1, max=32, help="Callers at once.")] = 1,
    size: Annotated[int, typer.Option(min=1, max=4096, help="Bytes of each message.")] = 200,
    hash_name: HashOption = None,
) -> None:
    """Measure signing with a raw KEY against the daemon's health check, the lightest call it has.

    Cases are interleaved in random order; the cases of 64 make 64 signatures each time: their
    latencies are those of all 64. A secp256k1 key signs SHA-256 unless --hash says otherwise.
    """
    digest = None if hash_name is None else hash_name.number
    with session.client() as client, open_cases(client, key, bytes(size), digest) as cases:
        results = measure(cases, seconds=seconds, rounds=rounds, threads=threads)
    if session.output.as_json:
        session.output.json({result.name: result.as_dict() for result in results})
    else:
        session.output.table(_HEADER, [_row(result) for result in results])
