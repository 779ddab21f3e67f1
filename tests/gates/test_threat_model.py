"""The threat model claims nothing that no test shows."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| S(\d+) \| .* \| ([^|]+) \|$", re.MULTILINE)
# Rules that a gate or the shape of the code shows, rather than a test of that name.
SHOWN_ELSEWHERE = {40}


def _rules() -> dict[int, str]:
    text = (ROOT / "docs" / "threat-model.md").read_text()
    return {int(number): state.strip() for number, state in ROW.findall(text)}


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
    in_force = {number for number, state in _rules().items() if state.startswith("in force")}
    assert in_force - _tested_rules() - SHOWN_ELSEWHERE == set()


def test_a_rule_that_is_tested_does_not_wait_to_come() -> None:
    to_come = {number for number, state in _rules().items() if state.startswith("to come")}
    assert to_come & _tested_rules() == set()
