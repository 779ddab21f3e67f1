"""pyproject.toml, requirements.lock and docs/dependencies.md name the same packages."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

_ROOT = Path(__file__).resolve().parents[2]
_PROJECT = tomllib.loads((_ROOT / "pyproject.toml").read_text())
_EXTRAS = _PROJECT["project"]["optional-dependencies"]
_DIRECT = [
    requirement
    for line in [
        *_PROJECT["build-system"]["requires"],
        *_PROJECT["project"]["dependencies"],
        *(line for extra in _EXTRAS.values() for line in extra),
    ]
    if (requirement := Requirement(line)).name != "signward"
]
_LOCK = (_ROOT / "requirements.lock").read_text()
_PINNED = {
    canonicalize_name(found["name"]): Version(found["version"])
    for found in re.finditer(r"^(?P<name>[\w.-]+)==(?P<version>[\w.]+)", _LOCK, re.MULTILINE)
}


@pytest.mark.parametrize("requirement", _DIRECT, ids=str)
def test_lock_satisfies_the_project(requirement: Requirement) -> None:
    pinned = _PINNED[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(pinned)


def test_every_pin_has_hashes() -> None:
    entries = re.split(r"^(?=\w)", _LOCK, flags=re.MULTILINE)[1:]
    # One package may be pinned twice, for different versions of Python.
    assert {canonicalize_name(entry.partition("==")[0]) for entry in entries} == set(_PINNED)
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("requirement", _DIRECT, ids=lambda requirement: requirement.name)
def test_dependency_is_documented(requirement: Requirement) -> None:
    rows = (_ROOT / "docs" / "dependencies.md").read_text().splitlines()
    assert any(row.startswith(f"| {requirement.name} |") for row in rows)
