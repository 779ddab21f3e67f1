"""Tables from their files, with every problem at its line."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from signward_server.cli.policy.tables import yaml_text
from signward_server.cli.policy.tables.model import Case, Defaults, KeyRow, Table
from signward_server.config import ConfigurationError, Problem

__all__ = ["TABLE_SUFFIX", "TableFile", "parse_table", "read_table", "read_tables", "table_files"]

TABLE_SUFFIX = ".test.yaml"
_MOST_FILES = 256
_LARGEST_FILE = 4 * yaml_text.LARGEST_TEXT  # bytes of that many characters in UTF-8
_PARTS: dict[str, type[BaseModel]] = {"keys": KeyRow, "defaults": Defaults, "cases": Case}

_TEXTS = {
    "missing": ("is missing", "add it"),
    "string_type": ("is not text", "write it in quotes"),
    "bool_type": ("is neither true nor false", "write true or false, without quotes"),
    "list_type": ("is not a list", "write each item on a line of its own, after a dash"),
    "dict_type": ("is not a table", "write keys and values below it"),
    "model_type": ("is not a table", "write keys and values below it"),
    "tuple_type": ("is not a list", "write it like [cn:a, cn:b]"),
    "too_long": ("has too many entries", "split it"),
    "too_short": ("is empty", "give at least one"),
    "string_too_long": ("is too long", "shorten it"),
    "string_too_short": ("is empty", "fill it in or leave it out"),
    "string_pattern_mismatch": ("has the wrong form", "write it like SignOrder"),
}


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table, and where it stands.

    Attributes:
        path: Its file.
        table: What it says.
        lines: The line of each case.
    """

    path: Path
    table: Table
    lines: tuple[int, ...]

    @property
    def name(self) -> str:
        """Its file's name without the suffix."""
        return self.path.name.removesuffix(TABLE_SUFFIX)


def table_files(folder: Path) -> list[Path]:
    """Return the tables that lie directly in a folder, in order of their names.

    Raises:
        ConfigurationError: There is none, or there are too many.
    """
    try:
        found = sorted(p for p in folder.iterdir() if p.name.endswith(TABLE_SUFFIX))
    except OSError as exc:
        raise _one(folder, f"cannot be read ({os.strerror(exc.errno or 0)})", "name it") from exc
    found = [path for path in found if not path.name.startswith(".")]
    if not 0 < len(found) <= _MOST_FILES:
        text = f"holds {len(found) or 'no'} files that end in {TABLE_SUFFIX}"
        raise _one(folder, text, "write one beside the policies" if not found else "merge some")
    return found


def read_tables(folder: Path) -> list[TableFile]:
    """Read every table of a folder; raises as ``table_files`` and ``read_table``, all at once."""
    tables: list[TableFile] = []
    problems: list[Problem] = []
    for path in table_files(folder):
        try:
            tables.append(read_table(path))
        except ConfigurationError as exc:
            problems.extend(exc.problems)
    if problems:
        raise ConfigurationError(problems)
    return tables


def read_table(path: Path) -> TableFile:
    """Read one table.

    Raises:
        ConfigurationError: With every problem, each with its line.
    """
    if path.exists() and not path.is_file():
        raise _one(path, "is not a regular file", "remove it")
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
        text = data[:_LARGEST_FILE].decode("utf-8")
    except OSError as exc:
        raise _one(path, f"cannot be read ({os.strerror(exc.errno or 0)})", "name it") from exc
    except UnicodeDecodeError as exc:
        raise _one(path, "is not UTF-8", "save it as UTF-8") from exc
    return parse_table(path, text)


def parse_table(path: Path, text: str) -> TableFile:
    """Read a table out of the text of its file; raises as ``read_table``."""
    try:
        read = yaml_text.parse(text)
    except yaml_text.TextRefused as exc:
        raise _one(Path(f"{path}:{exc.line}"), exc.problem, exc.fix) from exc
    try:
        table = Table.model_validate(read.value)
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_input=False)
        raise ConfigurationError(list(_problems(path, read, errors))) from None
    return TableFile(path, table, tuple(read.line(("cases", i)) for i in range(len(table.cases))))


def _problems(
    path: Path, read: yaml_text.YamlText, errors: Iterable[ErrorDetails]
) -> Iterable[Problem]:
    for error in errors:
        location = tuple(part for part in error["loc"] if part != "[key]")
        context = error.get("ctx", {})
        if key := context.get("key"):
            location += tuple(int(p) if p.isdigit() else p for p in str(key).split("."))
        yield Problem(f"{path}:{read.line(location)}", _dotted(location), *_text(error, location))


def _text(error: ErrorDetails, location: yaml_text.Path) -> tuple[str, str]:
    """Return what is wrong and the fix."""
    context = error.get("ctx", {})
    if fix := context.get("fix"):
        return error["msg"], fix
    if error["type"] == "extra_forbidden":
        return "is not a known key", _nearest(location)
    if error["type"] == "enum":
        return (
            "is not one of the choices",
            f"use one of {context['expected'].replace(' or ', ', ')}",
        )
    return _TEXTS.get(error["type"], ("is not valid", "see docs/policy.md"))


def _nearest(location: yaml_text.Path) -> str:
    model: type[BaseModel] = Table if len(location) == 1 else _PARTS[str(location[0])]
    known = list(model.model_fields)
    near = difflib.get_close_matches(str(location[-1])[:64], known, n=1)
    return f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"


def _dotted(location: yaml_text.Path) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _one(path: Path, text: str, fix: str) -> ConfigurationError:
    return ConfigurationError([Problem(str(path), "", text, fix)])
