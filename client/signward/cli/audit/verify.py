"""``signward audit verify``: exit code 1 when something speaks against the log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from signward.audit.findings import Finding
from signward.audit.given import Given
from signward.audit.verifying import Report, verify_log
from signward.cli.audit.inputs import log_folder, read_checkpoint, read_key, reported
from signward.cli.audit.options import FolderArgument, JsonOption, LogKeyOption, WitnessOption
from signward.cli.failures import NOT_VALID
from signward.cli.output import Output

__all__ = ["verify"]


def verify(
    folder: FolderArgument,
    key: LogKeyOption = None,
    since: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="A checkpoint that the log has to go on from; may be given several times.",
        ),
    ] = None,
    witness: WitnessOption = None,
    begins: Annotated[
        int | None,
        typer.Option(
            "--from",
            min=0,
            metavar="SEQUENCE",
            help="First record that has to be there. Default: all, but for what the log itself"
            " says that retention removed.",
        ),
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, max=64, help="Default: one for each processor.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Verify a log, offline: every record, every checkpoint, every segment.

    Exit code 1 if something speaks against it. What is newer than the newest checkpoint is told
    of, and is no error. Who holds a later checkpoint than the log's owner thinks gives it with
    --since; --witness then asks for the cosignatures on it.
    """
    if witness and not since:
        raise typer.BadParameter("--witness is about the checkpoints given with --since")
    log_key = read_key(key, folder)
    given = [Given(str(path), read_checkpoint(path)) for path in since or ()]
    witnesses = [read_key(text) for text in witness or ()]
    with reported(), _progress(quiet=as_json) as progress:
        report = verify_log(
            log_folder(folder), log_key,
            given=given, witnesses=witnesses, floor=begins, processes=processes, progress=progress,
        )  # fmt: skip
    output = Output(as_json)
    if as_json:
        output.json(_fields(report))
    else:
        _show(report, output)
    if not report.intact:
        raise typer.Exit(NOT_VALID)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[int, int], object]]:
    """Yield what takes reports of progress: a bar, where somebody is there to see it."""
    if quiet or not sys.stderr.isatty():
        yield max
        return
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _fields(report: Report) -> dict[str, object]:
    return {
        "log": report.log,
        "intact": report.intact,
        "first": report.first,
        "size": report.size,
        "proved": report.proved,
        "segments": report.segments,
        "checkpoints": report.checkpoints,
        "bytes": report.bytes,
        "findings": [
            {
                "kind": finding.kind,
                "severity": finding.severity,
                "text": finding.text,
                "file": finding.file,
                "offset": finding.offset,
                "first": finding.first,
                "last": finding.last,
            }
            for finding in report.findings
        ],
        "leftOut": report.left_out,
    }


def _show(report: Report, output: Output) -> None:
    output.pairs(
        {
            "log": report.log,
            "records": _span(report.first, report.size),
            "proved": _span(report.first, report.proved),
            "segments": str(report.segments),
            "checkpoints": str(report.checkpoints),
        }
    )
    if report.findings:
        output.table(("", "FINDING", "WHERE", "WHAT"), map(_row, report.findings))
    if report.left_out:
        output.line(f"and {report.left_out} more")
    output.line("intact" if report.intact else "NOT INTACT")


def _span(first: int, end: int) -> str:
    return f"{first} to {end - 1}" if end > first else "none"


def _row(finding: Finding) -> tuple[str, ...]:
    at = "" if finding.offset is None else f":{finding.offset}"
    return finding.severity, finding.kind, f"{finding.file}{at}", finding.text
