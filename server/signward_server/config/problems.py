"""What is wrong with a configuration: where it stands, what is wrong, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from signward_server.core.startup import ConfigurationRefused

__all__ = ["ConfigurationError", "Problem", "printable"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right.

    Attributes:
        source: File, environment variable or flag that it stands in.
        key: Path of the key, ``listen.tcp``; empty when the source as a whole is at fault.
        text: What is wrong with it; never the value.
        fix: What to do, starting in lower case.
    """

    source: str
    key: str
    text: str
    fix: str

    def __str__(self) -> str:
        where = (
            f"{printable(self.source)}: {printable(self.key)}"
            if self.key
            else (printable(self.source))
        )
        return f"{where} {self.text}; {self.fix}"


class ConfigurationError(ConfigurationRefused):
    """A configuration with all of its problems, one line each.

    Args:
        problems: At least one.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)), "")
        self.problems = tuple(problems)


def printable(text: str) -> str:
    """Return text that moves no cursor and breaks no line, whoever wrote it."""
    return text if text.isprintable() else ascii(text)
