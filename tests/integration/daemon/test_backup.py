"""An archive of a home that works, and the home that is made of it (S22, S41)."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from signward import Algorithm, Hash, Purpose
from signward_server.config import load
from signward_server.config.schema import Envelope
from signward_server.core.startup import BackupRefused
from signward_server.home.kek_access import KekAccess
from signward_server.home.parts import write_kek
from signward_server.wiring.backing_up import restore, verify

from tests.running.homes import Home
from tests.running.offline import offline
from tests.running.process import Daemon, serve_and_fail

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def home(new_home: Callable[[], Home]) -> Home:
    return new_home()


@pytest.fixture(scope="module")
def backed_up(home: Home) -> Path:
    """Return an archive that was made while the daemon worked."""
    archive = home.path.with_name(f"{home.path.name}-archive")
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


def section(home: Home) -> Envelope:
    return load(home.configuration, environment={}).custody.envelope


def test_s22_a_backup_holds_no_kek_and_nothing_that_can_be_read(
    home: Home, backed_up: Path, tmp_path: Path
) -> None:
    content = backed_up.read_bytes()
    kek = home.kek.read_bytes()[16:]
    for secret in (kek, b"PRIVATE KEY", b"SQLite", b"cn:bot", b"listen", b"later"):
        assert secret not in content
    restored = tmp_path / "r"
    restored.mkdir()  # an empty folder is as good as none
    restore(backed_up, restored, section(home), KekAccess())
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
            how = Hash.HASH_SHA256 if key_id == "secp" else Hash.HASH_UNSPECIFIED
            assert bot.sign_raw(key_id, b"m", hash=how).raw.signature


CASES: Final[dict[str, tuple[Callable[[bytes], bytes], str]]] = {
    "truncated": (lambda content: content[:-1000], "is damaged, or not whole"),
    "bent": (lambda content: content[:5000] + b"\0\0\0\0" + content[5004:], "is damaged"),
    "header": (lambda content: content[:60] + b"\0\0\0\0" + content[64:], "the beginning of"),
    "longer": (lambda content: content + b"x", "is damaged"),
    "other": (lambda content: b"x" * len(content), "is no backup of a home"),
    "empty": (lambda content: b"", "is no backup of a home"),
}


@pytest.mark.parametrize("case", CASES)
def test_s22_what_is_no_whole_archive_is_refused(
    home: Home, backed_up: Path, tmp_path: Path, case: str
) -> None:
    bend, says = CASES[case]
    archive = tmp_path / "bad"
    archive.write_bytes(bend(backed_up.read_bytes()))
    with pytest.raises(BackupRefused, match=says):
        restore(archive, tmp_path / "r", section(home), KekAccess())
    with pytest.raises(BackupRefused, match=says):
        verify(archive, section(home), KekAccess())
    assert list(tmp_path.iterdir()) == [archive]


def test_s22_another_kek_opens_nothing(home: Home, backed_up: Path, tmp_path: Path) -> None:
    other = tmp_path / "kek"
    write_kek(other)
    restored = Home(tmp_path / "r")
    done = offline("restore", backed_up, "--kek", other, home=restored)
    assert (done.returncode, "was made under the KEK" in done.stderr) == (4, True)
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == [other]


def test_what_is_no_file_is_refused(home: Home, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BackupRefused, match="is not a regular file"):
        verify(tmp_path / "pipe", section(home), KekAccess())
    with pytest.raises(BackupRefused, match=r"cannot be read or written \(No such file"):
        verify(tmp_path / "none", section(home), KekAccess())


def test_nothing_is_replaced(home: Home, backed_up: Path, tmp_path: Path) -> None:
    before = backed_up.read_bytes()
    again = offline("backup", "--out", backed_up, home=home)
    assert (again.returncode, "exists; it was not touched" in again.stderr) == (8, True)
    assert backed_up.read_bytes() == before
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for folder in (home.path, tmp_path / "link"):
        with pytest.raises(BackupRefused, match="nothing in it was touched"):
            restore(backed_up, folder, section(home), KekAccess())
