"""``signward policy test``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signward_server.cli.locating import AsJson, ConfigOption, HomeOption, SetOption
from signward_server.cli.policy.options import FolderArgument
from signward_server.cli.reporting import print_result, reported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from signward_server.cli.policy.tables.running import CaseResult

__all__ = ["run_tables"]

_NOT_AS_EXPECTED = 1


def run_tables(
    folder: FolderArgument = None,
    *,
    home: HomeOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the results as JUnit's XML, too.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show the cases that are as expected, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run the tables of cases beside the policies; exit with 1 if one is not as expected."""
    with reported():
        from signward_server.cli.policy.loading import Place, load_rules
        from signward_server.cli.policy.tables.junit import write_junit
        from signward_server.cli.policy.tables.reading import read_tables
        from signward_server.cli.policy.tables.running import run_table

        rules = load_rules(Place(folder, home, config, settings or ()))
        tables = read_tables(rules.folder)
        results = [result for table in tables for result in run_table(table, rules)]
        if junit is not None:
            write_junit(results, junit)
        failed = sum(bool(result.problem) for result in results)
        document = {
            "ok": not failed,
            "passed": len(results) - failed,
            "failed": failed,
            "cases": [_as_dictionary(result) for result in results],
        }
        print_result(document, _text(results, verbose=verbose), as_json=as_json)
        if failed:
            raise typer.Exit(_NOT_AS_EXPECTED)


def _as_dictionary(result: CaseResult) -> dict[str, object]:
    answer = result.answer
    return {
        "table": result.table,
        "line": result.line,
        "name": result.case.name,
        "expected": result.case.expect.value,
        "got": answer.verdict.value if answer else None,
        "reason": answer.reason if answer else "",
        "policies": list(answer.policies) if answer else [],
        "ok": not result.problem,
        "problem": result.problem,
    }


def _text(results: Sequence[CaseResult], *, verbose: bool) -> str:
    from signward_server.config.problems import printable

    lines = []
    for result in results:
        name = printable(result.case.name)
        if result.problem:
            place = f"{result.file}:{result.line}"
            lines.append(f"FAILED  {place}: {name}: {printable(result.problem)}")
        elif verbose and result.answer:
            lines.append(f"ok      {result.table}: {name}: {result.answer.summary}")
    failed = sum(bool(result.problem) for result in results)
    tables = len({result.file for result in results})
    lines.append(f"{len(results) - failed} passed, {failed} failed, in {_counted(tables, 'table')}")
    return "\n".join(lines)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
