"""The documents name only files and make targets that exist, and CI runs what they name."""

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_DOCUMENTS = sorted([*_ROOT.glob("*.md"), *(_ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
_MAKE = re.compile(r"(?:^|`)make ([a-z-]+)", re.MULTILINE)
_TARGETS = set(
    re.findall(r"^([a-z-]+):", (_ROOT / "Makefile").read_text(), re.MULTILINE),
)


def _name(path: Path) -> str:
    return path.relative_to(_ROOT).as_posix()


@pytest.mark.parametrize("document", _DOCUMENTS, ids=_name)
def test_links_lead_to_files(document: Path) -> None:
    linked = _LINK.findall(document.read_text())
    assert [link for link in linked if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", _DOCUMENTS, ids=_name)
def test_make_targets_exist(document: Path) -> None:
    assert set(_MAKE.findall(document.read_text())) <= _TARGETS


def test_the_index_has_every_decision_record_once_under_its_number() -> None:
    folder = _ROOT / "docs" / "adr"
    rows = re.findall(
        r"^\| \[(\d{4})\]\(([^)]+)\)", (folder / "README.md").read_text(), re.MULTILINE
    )
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [name for _, name in rows] == records
    assert [number for number, _ in rows] == [name[:4] for name in records]
    assert len({number for number, _ in rows}) == len(rows)


def test_promised_targets_exist() -> None:
    promised = {"demo", "test", "check", "bench", "soak", "proto", "clean", "help"}
    assert promised <= _TARGETS


def test_ci_runs_the_commands_of_the_readme() -> None:
    script = (_ROOT / ".ci" / "run").read_text()
    commands = [line for line in script.splitlines() if line.startswith("make ")]
    assert commands == ["make check", "make test"]
    readme = (_ROOT / "README.md").read_text()
    assert all(command in readme for command in commands)


def test_status_table_names_every_rpc() -> None:
    declared = {
        f"{service}.{rpc}"
        for proto in (_ROOT / "protos" / "signward" / "v1").glob("*_service.proto")
        for service, body in re.findall(
            r"^service (\w+) \{(.*?)^\}", proto.read_text(), re.MULTILINE | re.DOTALL
        )
        for rpc in re.findall(r"^  rpc (\w+)\(", body, re.MULTILINE)
    }
    readme = (_ROOT / "README.md").read_text()
    rows = re.findall(r"^\| `([\w.]+)` \| (?:implemented|UNIMPLEMENTED) \|$", readme, re.MULTILINE)
    assert sorted(rows) == sorted(declared)
