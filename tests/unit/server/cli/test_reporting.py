"""How commands end."""

import pytest
import typer
from signward_server.cli.reporting import reported
from signward_server.config import ConfigurationError, Problem
from signward_server.core.startup import (
    AddressInUse,
    ConfigurationRefused,
    CustodyRefused,
    HomeLocked,
    StoreRefused,
)


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (ConfigurationRefused, 2),
        (HomeLocked, 3),
        (AddressInUse, 3),
        (CustodyRefused, 4),
        (StoreRefused, 5),
    ],
)
def test_each_refusal_is_one_line_with_its_exit_code(capsys, refusal, code):
    with pytest.raises(typer.Exit) as caught, reported():
        raise refusal("it is so", "do that")
    assert caught.value.exit_code == code
    assert capsys.readouterr().err == "signward: it is so; do that\n"


def test_problems_are_one_line_each(capsys):
    problems = [Problem("file", "a.b", "is wrong", "write it right"), Problem("x", "", "is", "y")]
    with pytest.raises(typer.Exit), reported():
        raise ConfigurationError(problems)
    assert capsys.readouterr().err == (
        "signward: file: a.b is wrong; write it right\nsignward: x is; y\n"
    )


def test_an_interruption_shows_no_traceback(capsys):
    with pytest.raises(typer.Exit) as caught, reported():
        raise KeyboardInterrupt
    assert caught.value.exit_code == 130
    assert capsys.readouterr().err == "signward: interrupted\n"
