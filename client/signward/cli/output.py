"""Printing results: tables and lines for people, JSON for programs.

JSON of API messages is ProtoJSON: names in camel case, bytes in base64, 64-bit numbers as strings,
every field present.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from rich.console import Console
from rich.table import Table
from rich.text import Text

from signward.cli.failures import printable

__all__ = ["Output"]

_UNBOUNDED = 10_000  # columns for pipes: nothing is wrapped or cut there


@dataclass(frozen=True, slots=True)
class Output:
    """Where a command's results go.

    Attributes:
        as_json: ``True``: JSON only.
    """

    as_json: bool

    def json(self, value: object) -> None:
        """Print JSON, a message as ProtoJSON."""
        typer.echo(json.dumps(_plain(value), indent=2, ensure_ascii=True))

    def line(self, text: str) -> None:
        """Print one line as it is, for others to read."""
        typer.echo(text)

    def pairs(self, rows: Mapping[str, str]) -> None:
        """Print names and values below each other; empty values are left out."""
        table = Table(box=None, show_header=False, pad_edge=False)
        for name, value in rows.items():
            if value:
                table.add_row(Text(name, "bold"), Text(printable(value)))
        self._print(table)

    def table(self, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print a table."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in header:
            table.add_column(title, overflow="fold")
        for row in rows:
            table.add_row(*(Text(printable(cell)) for cell in row))
        self._print(table)

    def _print(self, table: Table) -> None:
        if sys.stdout.isatty():
            Console().print(table)
            return
        console = Console(file=io.StringIO(), width=_UNBOUNDED)
        with console.capture() as capture:
            console.print(table)
        for row in capture.get().splitlines():
            typer.echo(row.rstrip())


def _plain(value: object) -> object:
    if isinstance(value, Message):
        return MessageToDict(value, always_print_fields_with_no_presence=True)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
