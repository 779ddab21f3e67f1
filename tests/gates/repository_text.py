"""What no committed file may hold: one rule, one pattern, one reason."""

import dataclasses
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

__all__ = ["RULES", "Finding", "Rule", "committed_files", "find"]

_GENERATED = "client/signward/v1/"


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """A pattern that must not occur.

    Attributes:
        name: short name, shown with each finding.
        pattern: searched for line by line. The patterns below spell one letter as a class, so
            that this file does not find itself.
        files: the paths that the rule reads, as a pattern over the whole path.
    """

    name: str
    pattern: re.Pattern[str]
    files: re.Pattern[str] = dataclasses.field(default_factory=lambda: re.compile(".*"))


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """A line that breaks a rule; prints as `path:line: rule`."""

    path: PurePosixPath
    line: int
    rule: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}"


RULES = (
    Rule("unfinished work", re.compile(r"\b(?:TO[D]O|FIX[M]E|XX[X]|HAC[K])\b")),
    Rule(
        "unfinished code",
        re.compile(r"\bNotImplemente[d]Error\b"),
        re.compile(rf"(?!{_GENERATED}).*\.py"),
    ),
    Rule(
        "registry address",
        re.compile(
            r"(?i)ind[e]x-url|\bind[e]x_url|find-link[s]|\"resolve[d]\": *\"http|^ *registr[y] *=|"
            r"/simpl[e]/|pythonhoste[d]|registry\.npmj[s]|proxy\.golan[g]"
        ),
    ),
    Rule(
        "address or path in a lock",
        re.compile(r"://|^[^#]*\bfile:|^-e\b|^[^#]* @ "),
        re.compile(r".*(?:requirements[^/]*\.(?:txt|lock|in)|\.lock)"),
    ),
    Rule("path of one machine", re.compile(r"(?:^|[^\w.])/(?:home|root|work|Users)/")),
    Rule("reference to a tracker", re.compile(r"(?i)\b(?:issue|ticket|pull request) #?\d")),
    Rule("merge conflict", re.compile(r"^(?:<{7}|>{7})(?: |$)")),
    Rule("private key", re.compile(r"PRIVATE KEY-----(?:\\n|\s)*[A-Za-z0-9+/]{32}")),
)


def committed_files(root: Path) -> Iterator[PurePosixPath]:
    """Name what git tracks or would add, relative to `root`; deleted files are left out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in sorted(set(listed.split("\0")) - {""}):
        if (root / name).is_file():
            yield PurePosixPath(name)


def find(root: Path, path: PurePosixPath) -> Iterator[Finding]:
    """Report each line of one file that breaks a rule; binary files hold no lines.

    Args:
        root: top of the work tree.
        path: the file, relative to `root`.
    """
    try:
        text = (root / path).read_bytes().decode()
    except UnicodeDecodeError:
        return
    rules = [rule for rule in RULES if rule.files.fullmatch(str(path))]
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        # A key's header and its first line are one match; every other rule reads one line.
        both = (
            f"{line}\n{lines[number]}" if line.endswith("-----") and number < len(lines) else line
        )
        for rule in rules:
            if rule.pattern.search(both):
                yield Finding(path, number, rule.name)
