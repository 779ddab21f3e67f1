"""Runs the cases of tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from signward_server.cli.policy.answering import Answer, RequestRefused, Verdict
from signward_server.cli.policy.judging import Judge
from signward_server.cli.policy.loading import Rules
from signward_server.cli.policy.tables.model import Case
from signward_server.cli.policy.tables.reading import TableFile
from signward_server.cli.policy.tables.requests import groups_of, request_of, rules_of
from signward_server.core.errors import PolicyError
from signward_server.rpc.convert.documents import DocumentRefused

__all__ = ["CaseResult", "run_table"]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of a case.

    Attributes:
        table: Name of its table.
        file: The table's file.
        line: Its line there.
        case: The case.
        answer: What the daemon would have answered; ``None`` if the case is malformed.
        problem: What is not as expected; empty if all is.
    """

    table: str
    file: str
    line: int
    case: Case
    answer: Answer | None
    problem: str


def run_table(file: TableFile, rules: Rules) -> Iterator[CaseResult]:
    """Yield the result of each case, in order."""
    judge = Judge(rules_of(file.table, rules), groups_of(file.table, rules))
    for case, line in zip(file.table.cases, file.lines, strict=True):
        answer = None
        try:
            answer = judge.answer(request_of(file.table, case))
            problem = _difference(case, answer)
        except (DocumentRefused, RequestRefused) as exc:
            problem = str(exc)
        yield CaseResult(file.name, str(file.path), line, case, answer, problem)


def _difference(case: Case, answer: Answer) -> str:
    """Return how an answer is not what its case expects; empty if it is."""
    reason = case.reason or (PolicyError.reason if case.expect is Verdict.ERROR else "")
    if answer.verdict is not case.expect or reason not in ("", answer.reason):
        expected = f"{case.expect.value} ({reason})" if reason else case.expect.value
        return f"expected {expected}, got {answer.summary}"
    if case.by is not None and sorted(set(case.by)) != sorted(answer.policies):
        return f"expected by {_listed(case.by)}, got by {_listed(answer.policies)}"
    return ""


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(sorted(names)) or "no policy"
