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
from signward.audit.log_list import key_of
from signward.audit.verifying import Report, verify_log
from signward.audit.whole import WholeReport, verify_home
from signward.cli.audit.inputs import log_folder, read_checkpoint, read_key, read_list, reported
from signward.cli.audit.logs import one_of, places_in
from signward.cli.audit.options import (
    FolderArgument,
    JsonOption,
    LogKeyOption,
    LogOption,
    WitnessOption,
)
from signward.cli.audit.rows import short
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
    logs: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="A list of logs that the home's has to go on from; may be given several times.",
        ),
    ] = None,
    log: LogOption = "",
    witness: WitnessOption = None,
    begins: Annotated[
        int | None,
        typer.Option(
            "--from",
            min=0,
            metavar="SEQUENCE",
            help="First record that has to be there, of one log. Default: all, but for what the"
            " log itself says that retention removed.",
        ),
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, max=64, help="Default: one for each processor.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Verify a log, offline: every record, every checkpoint, every segment.

    In a home with several logs all of them, and that none is missing, added or put back; with
    --log only one. Exit code 1 if something speaks against it. What is newer than the newest
    checkpoint is told of, and is no error. Who holds a later checkpoint than the log's owner
    thinks gives it with --since; --witness then asks for the cosignatures on it.
    """
    if witness and not since:
        raise typer.BadParameter("--witness is about the checkpoints given with --since")
    log_key = read_key(key, folder)
    given = [Given(str(path), read_checkpoint(path)) for path in since or ()]
    witnesses = [read_key(text) for text in witness or ()]
    lists = [read_list(path, log_key) for path in logs or ()]
    with reported(), _progress(quiet=as_json) as progress:
        if log or begins is not None:
            place = one_of(places_in(folder), log)
            report = verify_log(
                place.path, key_of(log_key, place.origin),
                given=given, witnesses=witnesses, floor=begins, processes=processes,
                progress=progress,
            )  # fmt: skip
            whole = WholeReport((report,), 0, (), report.intact)
        else:
            whole = verify_home(
                log_folder(folder), log_key,
                given=given, lists=lists, witnesses=witnesses, processes=processes,
                progress=progress,
            )  # fmt: skip
    output = Output(as_json)
    if as_json:
        output.json(_whole_fields(whole))
    else:
        _show(whole, output)
    if not whole.intact:
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


def _whole_fields(whole: WholeReport) -> dict[str, object]:
    """Return those of the first log and, where there are several, of the list and the others."""
    first, *others = whole.logs
    fields = _fields(first)
    if others or whole.listed or whole.findings:
        fields["intact"] = whole.intact
        fields["listed"] = whole.listed
        fields["listFindings"] = list(map(_finding, whole.findings))
        fields["others"] = list(map(_fields, others))
    return fields


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
        "findings": list(map(_finding, report.findings)),
        "leftOut": report.left_out,
    }


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "kind": finding.kind,
        "severity": finding.severity,
        "text": finding.text,
        "file": finding.file,
        "offset": finding.offset,
        "first": finding.first,
        "last": finding.last,
    }


def _show(whole: WholeReport, output: Output) -> None:
    for report in whole.logs:
        output.pairs(
            {
                "log": report.log,
                "records": _span(report.first, report.size),
                "proved": _span(report.first, report.proved),
                "segments": str(report.segments),
                "checkpoints": str(report.checkpoints),
            }
        )
    if whole.listed:
        output.line(f"{whole.listed} logs in the list")
    found = [(finding, "") for finding in whole.findings]
    several = len(whole.logs) > 1
    for report in whole.logs:
        found += [(each, f"{short(report.log)}/" if several else "") for each in report.findings]
    if found:
        output.table(("", "FINDING", "WHERE", "WHAT"), [_row(each, log) for each, log in found])
    if left_out := sum(report.left_out for report in whole.logs):
        output.line(f"and {left_out} more")
    output.line("intact" if whole.intact else "NOT INTACT")


def _span(first: int, end: int) -> str:
    return f"{first} to {end - 1}" if end > first else "none"


def _row(finding: Finding, log: str) -> tuple[str, ...]:
    at = "" if finding.offset is None else f":{finding.offset}"
    where = f"{log}{finding.file}{at}" if finding.file else log.rstrip("/")
    return finding.severity, finding.kind, where, finding.text
