from __future__ import annotations

import os
from pathlib import Path

import pytest
from signward_server.core.errors import CustodyUnavailable
from signward_server.custody.envelope import CredentialKek, KekFileError, LocalKeyFile
from signward_server.custody.memory import LockedMemory
from signward_server.custody.native import Native

HEADER = b"signward-kek-v1\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "signward-kek"


@pytest.fixture
def credential(path: Path, native: Native) -> CredentialKek:
    return CredentialKek(path.name, {"CREDENTIALS_DIRECTORY": str(path.parent)}, native.sodium)


def written(path: Path, content: bytes = HEADER + b"k" * 32, mode: int = 0o400) -> None:
    path.write_bytes(content)
    path.chmod(mode)


def refused(credential: CredentialKek, memory: LockedMemory) -> str:
    taken = memory._lives.copy()
    with pytest.raises(KekFileError) as raised:
        credential.load(memory)
    assert memory._lives == taken
    return str(raised.value)


@pytest.mark.parametrize("mode", [0o400, 0o440])
def test_it_is_the_file_in_the_modes_of_systemd(
    credential: CredentialKek, path: Path, native: Native, memory: LockedMemory, mode: int
) -> None:
    created = LocalKeyFile(path, native.sodium).create(memory)
    path.chmod(mode)
    assert credential.load(memory).kek_id == created.kek_id


@pytest.mark.parametrize("mode", [0o600, 0o444, 0o404, 0o644, 0o4400, 0o420])
def test_any_other_mode_is_refused(
    credential: CredentialKek, path: Path, memory: LockedMemory, mode: int
) -> None:
    written(path, mode=mode)
    assert f"has mode {mode:04o}, not 0400" in refused(credential, memory)


def test_it_belongs_to_root_or_to_this_user(
    credential: CredentialKek, path: Path, memory: LockedMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(path)
    if os.geteuid() == 0:
        os.chown(path, 12345, -1)
        assert "belongs to another user" in refused(credential, memory)
        os.chown(path, 0, -1)
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
        credential.load(memory).close()
    else:
        monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
        assert "belongs to another user" in refused(credential, memory)


@pytest.mark.parametrize("folder", [None, "", "relative/folder"])
def test_without_systemd_it_says_what_to_do(
    native: Native, memory: LockedMemory, folder: str | None
) -> None:
    environment = {} if folder is None else {"CREDENTIALS_DIRECTORY": folder}
    text = refused(CredentialKek("kek", environment, native.sodium), memory)
    assert "CREDENTIALS_DIRECTORY is not set; give the unit LoadCredentialEncrypted=" in text


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", ".hidden", "a b", "x" * 256, "a\n"])
def test_a_name_that_is_none_is_refused(
    native: Native, memory: LockedMemory, tmp_path: Path, name: str
) -> None:
    credential = CredentialKek(name, {"CREDENTIALS_DIRECTORY": str(tmp_path)}, native.sodium)
    assert "is no name of a credential" in refused(credential, memory)


@pytest.mark.timeout(5)
def test_what_is_no_file_is_refused(
    credential: CredentialKek, path: Path, memory: LockedMemory
) -> None:
    assert "cannot be opened: No such file" in refused(credential, memory)
    os.mkfifo(path, 0o400)
    assert "is not a regular file" in refused(credential, memory)
    path.unlink()
    written(path.with_name("real"))
    path.symlink_to("real")
    assert "Too many levels of symbolic links" in refused(credential, memory)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "has 0 bytes, not 48"),
        (HEADER + b"k" * 31, "has 47 bytes, not 48"),
        (bytes(2**20), "has 1048576 bytes, not 48"),
        (b"signward-kek-p1\n" + b"k" * 32, "does not start as a KEK file does"),
    ],
)
def test_another_content_is_refused(
    credential: CredentialKek, path: Path, memory: LockedMemory, content: bytes, problem: str
) -> None:
    written(path, content)
    assert problem in refused(credential, memory)


def test_no_locked_memory_means_no_kek(
    credential: CredentialKek, path: Path, native: Native
) -> None:
    written(path)
    with pytest.raises(CustodyUnavailable):
        credential.load(LockedMemory(native.sodium, 0))
