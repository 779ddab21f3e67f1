"""The threat model claims nothing that no test shows."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| S(\d+) \| .* \| ([^|]+) \|$", re.MULTILINE)
THREAT = re.compile(r"^\| [^|]+ \| [^|]+ \| (`test_[^|]+`) \| ([^|]+) \|$", re.MULTILINE)
STRIDE = (
    "Spoofing",
    "Tampering",
    "Repudiation",
    "Information disclosure",
    "Denial of service",
    "Elevation of privilege",
)
# Rules that a gate or the shape of the code shows, rather than a test of that name.
SHOWN_ELSEWHERE = {40}


def _rules() -> dict[int, str]:
    return {int(number): state.strip() for number, state in ROW.findall(_text())}


def _text() -> str:
    return (ROOT / "docs" / "threat-model.md").read_text()


def _in_force() -> set[int]:
    return {number for number, state in _rules().items() if state.startswith("in force")}


def _tested_rules() -> set[int]:
    sources = (ROOT / "tests").rglob("test_*.py")
    return {
        int(number)
        for source in sources
        for number in re.findall(r"def test_s(\d\d)_", source.read_text())
    }


def test_every_rule_has_a_row() -> None:
    assert sorted(_rules()) == list(range(1, 45))


def test_a_rule_in_force_has_a_test_of_its_number() -> None:
    assert _in_force() - _tested_rules() - SHOWN_ELSEWHERE == set()


def test_a_rule_that_is_tested_does_not_wait_to_come() -> None:
    to_come = {number for number, state in _rules().items() if state.startswith("to come")}
    assert to_come & _tested_rules() == set()


def test_threats_are_told_by_stride() -> None:
    heads = re.findall(r"^### ([A-Z][a-z ]+):", _text(), re.MULTILINE)
    assert heads == list(STRIDE)


def test_every_threat_names_tests_that_exist() -> None:
    rows = [line for line in _text().splitlines() if line.startswith("| ") and "`test_" in line]
    told = THREAT.findall(_text())
    assert len(told) == len(rows) > len(STRIDE)
    named = {name for tests, _ in told for name in re.findall(r"`(test_\w+)`", tests)}
    sources = (ROOT / "tests").rglob("test_*.py")
    written = {
        name for source in sources for name in re.findall(r"def (test_\w+)\(", source.read_text())
    }
    assert named - written == set()


def test_every_rule_in_force_answers_a_threat() -> None:
    told = {int(n) for _, rules in THREAT.findall(_text()) for n in re.findall(r"S(\d+)", rules)}
    assert told <= set(_rules())
    assert _in_force() - told == set()
