"""Each rule finds what it forbids, and leaves alone what only looks like it."""

import subprocess
from pathlib import Path, PurePosixPath

import pytest

from tests.gates.repository_text import RULES, committed_files, find

# Samples are put together here, so that the gate does not find them in this file.
_FORBIDDEN = {
    "unfinished work": ("docs/a.md", "later: TO" + "DO"),
    "unfinished code": ("server/signward_server/a.py", "raise NotImplemented" + "Error"),
    "registry address": ("Makefile", "pip install --ind" + "ex-url mirror"),
    "address or path in a lock": ("requirements.lock", "wheel @ https:" + "//mirror/wheel.whl"),
    "path of one machine": ("docs/a.md", "see /ho" + "me/alice/notes"),
    "reference to a tracker": ("docs/a.md", "fixes iss" + "ue 12"),
    "merge conflict": ("README.md", "<" * 7 + " HEAD"),
    "private key": ("tests/a.pem", "-----BEGIN PRIVATE " + "KEY-----\n" + "MC4CAQAwBQYDK2Vw" * 4),
}

_ALLOWED = [
    ("client/signward/v1/a_pb2_grpc.py", "raise NotImplemented" + "Error('Method')"),
    ("docs/a.md", "a mastodon, a hackney carriage, a fixed point"),
    ("docs/a.md", "the homes are /var/lib/signward and ./work/one; see docs/root/"),
    ("tests/a.py", 'assert "PRIVATE ' + 'KEY-----" not in answer'),
    ("docs/a.md", "https:" + "//example.org is no lock"),
    ("protos/requirements.txt", "    # via -r requirements.in"),
]


def _found(root: Path, name: str, text: str) -> list[str]:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return [finding.rule for finding in find(root, PurePosixPath(name))]


def test_every_rule_has_a_sample() -> None:
    assert {rule.name for rule in RULES} == set(_FORBIDDEN)


@pytest.mark.parametrize("rule", _FORBIDDEN)
def test_forbidden_text_is_found(tmp_path: Path, rule: str) -> None:
    assert rule in _found(tmp_path, *_FORBIDDEN[rule])


@pytest.mark.parametrize(("name", "text"), _ALLOWED)
def test_similar_text_is_left_alone(tmp_path: Path, name: str, text: str) -> None:
    assert _found(tmp_path, name, text) == []


def test_binary_files_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "image.binpb"
    path.write_bytes(b"\xff\xfe TO" + b"DO")
    assert list(find(tmp_path, PurePosixPath("image.binpb"))) == []


def test_committed_files_are_those_of_git_without_ignored_ones(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True, timeout=30)
    (tmp_path / ".gitignore").write_text("build/\n")
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "out").touch()
    (tmp_path / "new.py").touch()
    assert [str(path) for path in committed_files(tmp_path)] == [".gitignore", "new.py"]
