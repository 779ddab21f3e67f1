"""Results of tables in the XML that CI servers read as those of JUnit."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from signward_server.cli.policy.tables.running import CaseResult
from signward_server.core.startup import ConfigurationRefused

__all__ = ["as_junit", "write_junit"]


def write_junit(results: Sequence[CaseResult], path: Path) -> None:
    """Write the results to a file, in place of what it held.

    Raises:
        ConfigurationRefused: It cannot be written.
    """
    try:
        path.write_text(as_junit(results), "utf-8")
    except OSError as exc:
        reason = os.strerror(exc.errno or 0)
        raise ConfigurationRefused(f"{path} cannot be written ({reason})", "name another") from exc


def as_junit(results: Sequence[CaseResult]) -> str:
    """Return a document with a suite for each table and a test case for each case."""
    root = Element("testsuites", _counts(results))
    for table in dict.fromkeys(result.table for result in results):
        own = [result for result in results if result.table == table]
        suite = SubElement(root, "testsuite", {"name": table, **_counts(own)})
        for result in own:
            where = {"classname": table, "name": _legal(result.case.name)}
            where |= {"file": result.file, "line": str(result.line)}
            case = SubElement(suite, "testcase", where)
            if result.problem:
                SubElement(case, "failure", {"message": _legal(result.problem)})
    indent(root)
    return tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _counts(results: Sequence[CaseResult]) -> dict[str, str]:
    failed = sum(bool(result.problem) for result in results)
    return {"tests": str(len(results)), "failures": str(failed)}


def _legal(text: str) -> str:
    """Return text with nothing that XML 1.0 has no place for."""
    return text if text.isprintable() else ascii(text)
