"""What goes into an archive: never a KEK, never a key that makes clients (S22)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from signward_server.config import load
from signward_server.home.backup.contents import Contents, contents_of

KEK = b"signward-kek-v1\n" + bytes(32)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    for folder in ("policies", "audit", "audit/worker-1", "tls", "store", "clients", "run"):
        (home / folder).mkdir(parents=True)
    for name in (
        "policies/a.cedar", "policies/a.test.yaml", "policies/a.cedar~", "policies/.hidden.cedar",
        "audit/0.log", "audit/0.checkpoints", "audit/hashes", "audit/0.log.new", "audit/logs",
        "audit/worker-1/0.log", "audit/worker-1/0.checkpoints", "audit/worker-1/hashes",
        "tls/server.crt", "tls/server.key", "tls/client-ca.crt", "audit.key", "audit.pub",
        "clients/bot.key", "store/signward.db", "store/signward.db-wal", "lock", "instance",
        "password",
    ):  # fmt: skip
        (home / name).write_bytes(b"x")
    (home / "kek").write_bytes(KEK)
    (home / "signward.toml").write_text(
        '[tls]\ncertificate = "tls/server.crt"\nprivate_key = "tls/server.key"\n'
        'client_ca = [{ file = "tls/client-ca.crt" }]\n'
        '[audit]\norigin = "log/1"\ncheckpoint_key = "audit.key"\n'
        '[rate_limits]\nstorage = "rediss://127.0.0.1:6379/0"\nstorage_password = "password"\n'
    )
    return home


def found(home: Path, *flags: str) -> Contents:
    file = home / "signward.toml"
    return contents_of(load(file, environment={}, flags=flags), home, file)


def test_s22_what_the_home_needs_and_nothing_else(home: Path) -> None:
    contents = found(home)
    assert [name for name, _ in contents.files] == [
        "signward.toml",
        "tls/server.crt",
        "tls/server.key",
        "tls/client-ca.crt",
        "audit.key",
        "audit.pub",
        "password",
        "policies/a.cedar",
        "policies/a.test.yaml",
        "audit/0.checkpoints",
        "audit/logs",
        "audit/worker-1/0.checkpoints",
        "audit/0.log",
        "audit/worker-1/0.log",
    ]
    assert contents.left_out == ()
    assert all(path == home / name for name, path in contents.files)


def test_s22_a_kek_is_left_out_whatever_it_is_named_for(home: Path) -> None:
    for name in ("audit/0.log", "policies/a.cedar", "password", "tls/server.key"):
        shutil.copy(home / "kek", home / name)
    (home / "policies" / "ca.key").write_bytes(b"x")
    (home / "policies" / "link.cedar").symlink_to("../kek")
    contents = found(home, "custody.envelope.kek=elsewhere", "tls.revocation=['kek', 'tls/ca.key']")
    names = {name for name, _ in contents.files}
    assert not names & {"kek", "audit/0.log", "policies/a.cedar", "password", "tls/server.key"}
    assert not any(b"signward-kek" in path.read_bytes() for _, path in contents.files)
    assert {"rate_limits.storage_password", "tls.revocation", "tls.private_key"} <= set(
        contents.left_out
    )


def test_what_lies_elsewhere_is_told(home: Path, tmp_path: Path) -> None:
    for folder in ("policies", "audit"):
        shutil.move(home / folder, tmp_path / folder)
    (tmp_path / "server.key").write_bytes(b"x")
    flags = (
        f"policy.folder={tmp_path}/policies",
        f"audit.folder={tmp_path}/audit",
        "tls.private_key=tls/../../server.key",
    )
    contents = found(home, *flags)
    assert contents.left_out == ("tls.private_key", "policy.folder", "audit.folder")
    assert "tls/server.crt" in dict(contents.files)
