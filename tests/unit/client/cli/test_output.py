"""Tables on a terminal and in a pipe."""

from __future__ import annotations

import io
import sys

import pytest
from signward.cli.names import AlgorithmName, CustodyName, HashName, PurposeName, name_of
from signward.cli.output import Output
from signward.v1 import resources_pb2 as resources
from signward.v1 import sign_service_pb2 as sign_pb


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_whole_values_and_no_trailing_space(capsys):
    Output(as_json=False).table(("A", "B"), [("x" * 300, "y"), ("x", "")])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "x" * 300 + "  y"
    assert all(line == line.rstrip() for line in lines)


def test_a_terminal_gets_lines_that_fit(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "40")
    Output(as_json=False).table(("A",), [("x" * 100,)])
    lines = terminal.getvalue().splitlines()
    assert len(lines) >= 4
    assert terminal.getvalue().count("x") == 100


def test_empty_values_are_left_out(capsys):
    Output(as_json=False).pairs({"id": "k", "owner": ""})
    assert capsys.readouterr().out == "id  k\n"


@pytest.mark.parametrize(
    ("kind", "names", "prefix"),
    [
        (resources.Algorithm, AlgorithmName, "ALGORITHM"),
        (resources.Purpose, PurposeName, "PURPOSE"),
        (resources.Custody, CustodyName, "CUSTODY"),
        (sign_pb.Hash, HashName, "HASH"),
    ],
)
def test_every_value_of_the_api_has_a_name(kind, names, prefix):
    numbers = {name.number for name in names}
    assert numbers == set(kind.values()) - {0}
    assert all(kind.Name(number).startswith(prefix) for number in numbers)


def test_names_are_shown_without_their_prefix():
    assert name_of(resources.Custody.DESCRIPTOR, resources.CUSTODY_AWS_KMS) == "aws-kms"
    assert name_of(resources.Custody.DESCRIPTOR, 99) == "99"
