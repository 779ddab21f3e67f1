"""An archive of a home that works, and the home that is made of it (S22, S41)."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from signward import Algorithm, Purpose

from tests.running.homes import Home, initialise
from tests.running.offline import offline
from tests.running.process import Daemon, serve_and_fail

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]


@pytest.fixture
def backed_up(home: Home, tmp_path: Path) -> Path:
    """Return an archive that was made while the daemon worked."""
    archive = tmp_path / "archive"
    with Daemon(home) as daemon, daemon.client() as bot:
        for key_id, algorithm in (
            ("ed", Algorithm.ALGORITHM_ED25519),
            ("secp", Algorithm.ALGORITHM_ECDSA_SECP256K1),
        ):
            bot.create_key(key_id, algorithm=algorithm, purpose=Purpose.PURPOSE_RAW)
        made = offline("backup", "--out", archive, "--json", home=home)
        assert made.returncode == 0, made.stderr
        assert json.loads(made.stdout) == {
            "file": str(archive), "bytes": archive.stat().st_size, "left_out": [],
        }  # fmt: skip
        bot.create_key("later", algorithm=Algorithm.ALGORITHM_ED25519, purpose=Purpose.PURPOSE_RAW)
    assert archive.stat().st_mode & 0o777 == 0o600
    return archive


def test_s22_a_backup_holds_no_kek_and_nothing_that_can_be_read(
    home: Home, backed_up: Path, tmp_path: Path
) -> None:
    content = backed_up.read_bytes()
    kek = home.kek.read_bytes()[16:]
    for secret in (kek, b"PRIVATE KEY", b"SQLite", b"cn:bot", b"listen", b"later"):
        assert secret not in content
    restored = tmp_path / "r"
    assert offline("restore", backed_up, "--kek", home.kek, home=Home(restored)).returncode == 0
    files = [path for path in restored.rglob("*") if path.is_file()]
    names = {str(path.relative_to(restored)) for path in files}
    assert {"signward.toml", "store/signward.db", "audit.key", "tls/server.key"} <= names
    assert not {name for name in names if "kek" in name or "ca.key" in name or "clients" in name}
    for path in files:
        assert kek not in path.read_bytes()
        assert path.stat().st_mode & 0o777 == 0o600


def test_s41_a_restored_home_asks_to_be_adopted_and_signs_then(
    home: Home, backed_up: Path, tmp_path: Path
) -> None:
    checked = offline("backup", "verify", backed_up, "--kek", home.kek)
    assert (checked.returncode, "is whole" in checked.stdout) == (0, True), checked.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive"]

    restored = Home(tmp_path / "r")
    done = offline("restore", backed_up, "--kek", home.kek, home=restored)
    assert (done.returncode, "signward adopt" in done.stdout) == (0, True), done.stderr
    shutil.copy2(home.kek, restored.kek)
    shutil.copytree(home.path / "clients", restored.path / "clients")

    failed = serve_and_fail(restored)
    assert failed.code == 7
    assert "the home was restored from a backup" in failed.said
    assert offline("adopt", "--yes", home=restored).returncode == 0
    with Daemon(restored) as daemon, daemon.client() as bot:
        assert {key.id for key in bot.list_keys()} == {"ed", "secp"}
        for key_id in ("ed", "secp"):
            assert bot.sign_raw(key_id, b"m").raw.signature
    verified = offline("backup", "--out", tmp_path / "again", home=restored)
    assert verified.returncode == 0, verified.stderr


def test_s22_what_is_no_archive_of_this_kek_is_refused(
    home: Home, backed_up: Path, tmp_path: Path
) -> None:
    other = initialise(tmp_path / "other")
    content = backed_up.read_bytes()
    cases = {
        "wrong KEK": (content, other.kek, 4, "was made under the KEK"),
        "truncated": (content[:-1000], home.kek, 8, "is damaged, or not whole"),
        "bent": (content[:5000] + b"\0\0\0\0" + content[5004:], home.kek, 8, "is damaged"),
        "header": (content[:60] + b"\0\0\0\0" + content[64:], home.kek, 8, "the beginning of"),
        "longer": (content + b"x", home.kek, 8, "is damaged"),
        "other": (b"x" * 5000, home.kek, 8, "is no backup of a home"),
        "empty": (b"", home.kek, 8, "is no backup of a home"),
    }
    for name, (bytes_, kek, code, says) in cases.items():
        archive = tmp_path / "bad"
        archive.write_bytes(bytes_)
        restored = tmp_path / "r"
        done = offline("restore", archive, "--kek", kek, home=Home(restored))
        assert (done.returncode, says in done.stderr) == (code, True), (name, done.stderr)
        assert "Traceback" not in done.stderr
        assert not restored.exists()
    os.mkfifo(tmp_path / "pipe")
    piped = offline("backup", "verify", tmp_path / "pipe", "--kek", home.kek)
    assert (piped.returncode, "is not a regular file" in piped.stderr) == (8, True)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"archive", "bad", "pipe", "other", "other-ca"}


def test_nothing_is_replaced(home: Home, backed_up: Path, tmp_path: Path) -> None:
    before = backed_up.read_bytes()
    again = offline("backup", "--out", backed_up, home=home)
    assert (again.returncode, "exists; it was not touched" in again.stderr) == (8, True)
    assert backed_up.read_bytes() == before
    for folder in (home.path, tmp_path / "link"):
        if not folder.exists():
            folder.symlink_to(tmp_path)
        done = offline("restore", backed_up, "--kek", home.kek, home=Home(folder))
        assert (done.returncode, "nothing in it was touched" in done.stderr) == (8, True)
    (tmp_path / "empty").mkdir()
    empty = offline("restore", backed_up, "--kek", home.kek, home=Home(tmp_path / "empty"))
    assert empty.returncode == 0, empty.stderr
