from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from signward_server.core.errors import CustodyUnavailable
from signward_server.custody.envelope import Kek, KekFileError, KekProvider, LocalKeyFile
from signward_server.custody.memory import LockedMemory, Slot
from signward_server.custody.native import Native

HEADER = b"signward-kek-v1\n"
Take = Callable[[], Slot]
Peek = Callable[[Slot], bytes]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kek"


@pytest.fixture
def key_file(path: Path, native: Native) -> LocalKeyFile:
    return LocalKeyFile(path, native.sodium)


def open_files() -> set[str]:
    return {each.name for each in Path("/proc/self/fd").iterdir()}


def written(path: Path, content: bytes, mode: int = 0o600) -> None:
    path.write_bytes(content)
    path.chmod(mode)


def refused(key_file: KekProvider, memory: LockedMemory) -> str:
    taken = memory._lives.copy()
    with pytest.raises(KekFileError) as raised:
        key_file.load(memory)
    assert memory._lives == taken
    return str(raised.value)


def test_creates_what_it_loads(key_file: LocalKeyFile, path: Path, memory: LockedMemory) -> None:
    created = key_file.create(memory)
    loaded = key_file.load(memory)
    assert loaded.kek_id == created.kek_id
    assert loaded.mac(b"row") == created.mac(b"row")


@pytest.mark.parametrize("umask", [0, 0o777])
def test_the_file_is_for_its_owner_only(
    key_file: LocalKeyFile, path: Path, memory: LockedMemory, umask: int
) -> None:
    before = os.umask(umask)
    try:
        key_file.create(memory)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    content = path.read_bytes()
    assert content.startswith(HEADER)
    assert len(content) == 48


def test_the_file_is_for_its_owner_only_from_the_start(
    key_file: LocalKeyFile, path: Path, memory: LockedMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes = []
    real = os.fchmod

    def fchmod(descriptor: int, mode: int) -> None:
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        real(descriptor, mode)

    monkeypatch.setattr(os, "fchmod", fchmod)
    before = os.umask(0)
    try:
        key_file.create(memory)
    finally:
        os.umask(before)
    assert modes == [0o600]


def test_each_kek_is_random(tmp_path: Path, native: Native, memory: LockedMemory) -> None:
    paths = [tmp_path / "one", tmp_path / "two"]
    for path in paths:
        LocalKeyFile(path, native.sodium).create(memory)
    contents = {path.read_bytes()[16:] for path in paths}
    assert len(contents | {bytes(32)}) == 3


def test_s20_the_kek_is_never_bytes_and_its_slot_is_wiped(
    key_file: LocalKeyFile,
    path: Path,
    memory: LockedMemory,
    peek: Peek,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written(path, HEADER + b"k" * 32)
    roots = []
    real = Kek.__init__

    def remember(self: Kek, sodium: object, memory: LockedMemory, root: Slot) -> None:
        roots.append((root, peek(root)))
        real(self, sodium, memory, root)  # type: ignore[arg-type]

    monkeypatch.setattr(Kek, "__init__", remember)
    key_file.load(memory)
    path.unlink()
    key_file.create(memory)
    assert roots[0][1] == b"k" * 32 + bytes(32)
    assert roots[1][1][:32] == path.read_bytes()[16:]
    assert [peek(root) for root, _ in roots] == [bytes(64)] * 2


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o601, 0o400, 0o4600, 0o700])
def test_any_other_mode_is_refused_with_the_fix(
    key_file: LocalKeyFile, path: Path, memory: LockedMemory, mode: int
) -> None:
    written(path, HEADER + bytes(32), mode)
    text = refused(key_file, memory)
    assert text == f"KEK file {path} has mode {mode:04o}, not 0600; run: chmod 600 {path}"


def test_another_owner_is_refused(
    key_file: LocalKeyFile, path: Path, memory: LockedMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(path, HEADER + bytes(32))
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    assert refused(key_file, memory).endswith(
        "belongs to another user; run the daemon as its owner"
    )


def test_a_missing_file_is_refused(key_file: LocalKeyFile, memory: LockedMemory) -> None:
    assert refused(key_file, memory).endswith(
        "cannot be opened: No such file or directory; "
        "put it back, or name the file itself in custody.envelope.kek"
    )


def test_a_symbolic_link_is_refused(
    key_file: LocalKeyFile, path: Path, memory: LockedMemory
) -> None:
    real = path.with_name("real")
    written(real, HEADER + bytes(32))
    path.symlink_to(real)
    assert "cannot be opened: Too many levels of symbolic links" in refused(key_file, memory)


def test_a_folder_is_refused(key_file: LocalKeyFile, path: Path, memory: LockedMemory) -> None:
    path.mkdir(0o600)
    assert refused(key_file, memory).endswith(
        "is not a regular file; put it back, or name the file itself in custody.envelope.kek"
    )


@pytest.mark.timeout(5)
def test_a_pipe_is_refused_without_waiting_for_a_writer(
    key_file: LocalKeyFile, path: Path, memory: LockedMemory
) -> None:
    os.mkfifo(path, 0o600)
    assert refused(key_file, memory).endswith(
        "is not a regular file; put it back, or name the file itself in custody.envelope.kek"
    )


@pytest.mark.parametrize("size", [0, 16, 47, 49])
def test_another_length_is_refused(
    key_file: LocalKeyFile, path: Path, memory: LockedMemory, size: int
) -> None:
    written(path, (HEADER + bytes(64))[:size])
    assert refused(key_file, memory).endswith(
        f"has {size} bytes, not 48; put the KEK file of this home back"
    )


def test_a_file_that_belongs_to_a_passphrase_is_told_from_a_kek(
    key_file: LocalKeyFile, path: Path, memory: LockedMemory
) -> None:
    written(path, b"signward-kek-p1\n" + bytes(48))
    assert refused(key_file, memory).endswith(
        "has 64 bytes, not 48: the file of a passphrase has 64; "
        "say so (custody.envelope.kek_source, --kek-source), or put the KEK file of this home back"
    )


@pytest.mark.parametrize("header", [b"signward-kek-v2\n", b"signward-kek-v1 ", bytes(16)])
def test_another_header_is_refused(
    key_file: LocalKeyFile, path: Path, memory: LockedMemory, header: bytes
) -> None:
    written(path, header + bytes(32))
    assert refused(key_file, memory).endswith(
        "does not start as a KEK file does; put the KEK file of this home back"
    )


def test_a_file_that_shrinks_meanwhile_is_refused(
    key_file: LocalKeyFile, path: Path, memory: LockedMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(path, HEADER + bytes(32))
    real = os.readv

    def shrunk(descriptor: int, buffers: list[bytearray]) -> int:
        os.truncate(path, 40)
        return real(descriptor, buffers)

    monkeypatch.setattr(os, "readv", shrunk)
    assert refused(key_file, memory).endswith(
        "does not start as a KEK file does; put the KEK file of this home back"
    )


def test_an_unreadable_disk_is_reported(
    key_file: LocalKeyFile, path: Path, memory: LockedMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(path, HEADER + bytes(32))
    opened = open_files()

    def fail(*_: object) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "readv", fail)
    assert refused(key_file, memory).endswith("cannot be read: Input/output error; check the disk")
    assert open_files() == opened


def test_a_kek_is_never_replaced(key_file: LocalKeyFile, path: Path, memory: LockedMemory) -> None:
    written(path, b"precious")
    with pytest.raises(KekFileError, match="exists; it is never replaced: name another file"):
        key_file.create(memory)
    assert path.read_bytes() == b"precious"


def test_creating_follows_no_link(key_file: LocalKeyFile, path: Path, memory: LockedMemory) -> None:
    path.symlink_to(path.with_name("elsewhere"))
    with pytest.raises(KekFileError, match="exists"):
        key_file.create(memory)
    assert not path.with_name("elsewhere").exists()


def test_a_missing_folder_is_reported(native: Native, tmp_path: Path, memory: LockedMemory) -> None:
    with pytest.raises(KekFileError, match="cannot be written: No such file or directory; check"):
        LocalKeyFile(tmp_path / "no" / "kek", native.sodium).create(memory)


@pytest.mark.parametrize("broken", ["fsync", "fchmod", "writev"])
def test_a_failed_write_leaves_nothing_behind(
    key_file: LocalKeyFile,
    path: Path,
    memory: LockedMemory,
    monkeypatch: pytest.MonkeyPatch,
    broken: str,
) -> None:
    opened = open_files()

    def fail(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, broken, fail)
    with pytest.raises(KekFileError, match="cannot be written: No space left on device; check"):
        key_file.create(memory)
    assert not path.exists()
    assert open_files() == opened
    assert not memory._lives


def test_a_short_write_leaves_nothing_behind(
    key_file: LocalKeyFile, path: Path, memory: LockedMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "writev", lambda *_: 47)
    with pytest.raises(KekFileError, match="cannot be written: No space left on device; check"):
        key_file.create(memory)
    assert not path.exists()


def test_file_and_folder_are_on_disk_before_it_returns(
    key_file: LocalKeyFile, path: Path, memory: LockedMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append((Path(f"/proc/self/fd/{descriptor}").resolve(), os.fstat(descriptor).st_size))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    key_file.create(memory)
    assert [name for name, _ in synced] == [path, path.parent]
    assert synced[0][1] == 48


def test_no_locked_memory_means_no_kek(native: Native, key_file: LocalKeyFile, path: Path) -> None:
    nothing = LockedMemory(native.sodium, 0)
    with pytest.raises(CustodyUnavailable):
        key_file.create(nothing)
    assert not path.exists()
    written(path, HEADER + bytes(32))
    with pytest.raises(CustodyUnavailable):
        key_file.load(nothing)
