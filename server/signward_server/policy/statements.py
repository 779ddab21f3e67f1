"""Policy texts, cut into statements before Cedar's parser sees them.

That parser recurses: parentheses that nest a few hundred deep end the process, and so do
operators in a row by the ten thousands. Whatever could do that is refused here, from the
text alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["PolicySource", "Problem", "Statement", "cut"]

# Cedar's parser takes 13 KiB of stack for a bracket and 2 KiB for an operator (4.12, x86-64):
# together these stay below 2 MiB, of 8 MiB that threads have.
_MAX_DEPTH = 32
_MAX_OPERATORS = 500
_MAX_WORDS = 300  # characters

_token = re.compile(
    r"""//[^\n\r]*                            # comment
    | "(?:[^"\\]|\\.)*"                       # string
    | (?P<open>[(\[{])
    | (?P<close>[)\]}])
    | (?P<end>;)
    | (?P<operator>&&|\|\||[=!<>]=|[-+*<>!.]|\b(?:if|in|has|like|is|when|unless)\b)
    | (?P<unclosed>")
    """,
    re.VERBOSE | re.DOTALL,
)
_blank = re.compile(r"(?:\s|//[^\n\r]*)*")


@dataclass(frozen=True, slots=True)
class PolicySource:
    """One file of policies.

    Attributes:
        name: The file's name, without its folder.
        text: What is in it.
    """

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Why policies are refused.

    Attributes:
        source: Name of the file; empty if it is about all of them.
        line: Line in it, from 1; 0 if it is about the file.
        policy: Id of the policy; empty where it has none yet.
        text: What is wrong.
    """

    source: str
    line: int
    policy: str
    text: str

    @classmethod
    def quoting(cls, source: str, line: int, policy: str, text: str) -> Problem:
        """Return a problem in Cedar's words, as one line of bounded length."""
        return cls(source, line, policy, " ".join(text.split())[:_MAX_WORDS])

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}" if self.line else self.source
        policy = f"policy {self.policy}" if self.policy else ""
        return ": ".join(part for part in (place, policy, self.text) if part)


@dataclass(frozen=True, slots=True)
class Statement:
    """A piece of a text up to its semicolon, or the rest after the last one.

    Attributes:
        line: Line of its first word, from 1.
        text: The piece as it stands, with comments.
        complete: Whether it ends with a semicolon.
        problem: Why it may not be parsed; empty if it may.
    """

    line: int
    text: str
    complete: bool
    problem: str


def cut(text: str) -> Iterator[Statement]:
    """Yield the statements of a text; together they are the text."""
    start = depth = deepest = operators = 0
    line = 1
    problem = ""
    for match in _token.finditer(text):
        kind = match.lastgroup
        if kind == "open":
            depth += 1
            deepest = max(deepest, depth)
            operators += 1
        elif kind == "close":
            depth -= 1
        elif kind == "operator":
            operators += 1
        elif kind == "unclosed":
            problem = "a string is not closed"
            break
        elif kind == "end":
            statement = _statement(text[start : match.end()], line, _excess(deepest, operators))
            yield statement
            line += statement.text.count("\n")
            start, depth, deepest, operators = match.end(), 0, 0, 0
    if start < len(text):
        yield _statement(text[start:], line, problem or _excess(deepest, operators))


def _statement(text: str, line: int, problem: str) -> Statement:
    blank = _blank.match(text)
    first = line + (text.count("\n", 0, blank.end()) if blank else 0)
    return Statement(first, text, text.endswith(";"), problem)


def _excess(depth: int, operators: int) -> str:
    if depth > _MAX_DEPTH:
        return f"brackets nest deeper than {_MAX_DEPTH}"
    if operators > _MAX_OPERATORS:
        return f"a policy has more than {_MAX_OPERATORS} operators; lists take [..].contains(..)"
    return ""
