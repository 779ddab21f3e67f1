from __future__ import annotations

import os
import stat
import struct
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from signward_server.core.errors import CustodyUnavailable
from signward_server.custody.envelope import Cost, Kek, KekFileError, PassphraseKek, read_parameters
from signward_server.custody.memory import LockedMemory, Slot
from signward_server.custody.native import Native
from signward_server.custody.pages import PAGE_SIZE, LockedPage

RIGHT = b"correct horse battery"
CHEAP = Cost(passes=1, memory=8192)
HEADER = b"signward-kek-p1\n"
Peek = Callable[[Slot], bytes]


class Typing:
    """A source that types these lines, one after the other."""

    def __init__(
        self, native: Native, lines: Iterable[bytes], attempts: int = 1, *, confirms: bool = False
    ) -> None:
        self.lines = list(lines)
        self.attempts = attempts
        self.confirms = confirms
        self.prompts: list[str] = []
        self.pages: list[LockedPage] = []

    def read(self, prompt: str, page: LockedPage) -> int:
        import ctypes

        self.prompts.append(prompt)
        self.pages.append(page)
        line = self.lines.pop(0)
        ctypes.memmove(page.address, line, min(len(line), PAGE_SIZE))
        return min(len(line), PAGE_SIZE)


Make = Callable[..., PassphraseKek]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kek.passphrase"


@pytest.fixture
def typed(path: Path, native: Native) -> Make:
    def make(*lines: bytes, attempts: int = 1, confirms: bool = False) -> PassphraseKek:
        source = Typing(native, lines, attempts, confirms=confirms)
        return PassphraseKek(path, native.sodium, source, CHEAP)

    return make


@pytest.fixture
def made(typed: Make, memory: LockedMemory) -> Kek:
    return typed(RIGHT).create(memory)


def test_the_same_passphrase_gives_the_same_kek(
    typed: Make, made: Kek, memory: LockedMemory
) -> None:
    for line in (RIGHT, RIGHT + b"\n"):
        loaded = typed(line).load(memory)
        assert (loaded.kek_id, loaded.mac(b"row")) == (made.kek_id, made.mac(b"row"))


def test_it_is_argon2id_of_another_library(
    typed: Make, made: Kek, path: Path, memory: LockedMemory, peek: Peek
) -> None:
    parameters = read_parameters(path)
    expected = Argon2id(salt=parameters.salt, length=32, iterations=1, lanes=1, memory_cost=8)
    with typed(RIGHT).unlock(memory) as root:
        assert peek(root) == expected.derive(RIGHT) + bytes(32)


def test_the_default_is_what_libsodium_calls_moderate(
    path: Path, native: Native, memory: LockedMemory
) -> None:
    PassphraseKek(path, native.sodium, Typing(native, [RIGHT])).create(memory).close()
    assert read_parameters(path).cost == Cost(passes=3, memory=256 * 2**20)


def test_each_passphrase_has_a_salt_of_its_own(
    typed: Make, made: Kek, path: Path, memory: LockedMemory
) -> None:
    first = read_parameters(path).salt
    path.unlink()
    again = typed(RIGHT).create(memory)
    assert read_parameters(path).salt != first
    assert again.kek_id != made.kek_id


def test_the_file_is_for_its_owner_and_holds_nothing_secret(made: Kek, path: Path) -> None:
    content = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert content[:16] == HEADER
    assert content[48:] == made.kek_id
    assert len(content) == 64


def test_a_wrong_passphrase_is_known_for_one_and_named_nowhere(
    typed: Make, made: Kek, memory: LockedMemory, caplog: pytest.LogCaptureFixture
) -> None:
    taken = memory._lives.copy()
    with pytest.raises(KekFileError, match="is not the passphrase") as raised:
        typed(b"correct horse batterz").load(memory)
    assert memory._lives == taken
    assert "batter" not in str(raised.value)
    assert caplog.text == ""


def test_people_may_mistype_it(typed: Make, made: Kek, memory: LockedMemory) -> None:
    kek = typed(b"correct hose battery", RIGHT, attempts=3).load(memory)
    assert kek.kek_id == made.kek_id
    with pytest.raises(KekFileError, match="is not the passphrase"):
        typed(b"one wrong one", b"two wrong ones", b"all three", RIGHT, attempts=3).load(memory)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"two lines\nof them", "more than one line"),
        (b"x" * PAGE_SIZE, "too long"),
        (b"x" * PAGE_SIZE * 2, "too long"),
    ],
)
def test_what_is_not_one_line_is_refused(
    typed: Make, made: Kek, memory: LockedMemory, line: bytes, problem: str
) -> None:
    with pytest.raises(KekFileError, match=problem):
        typed(line).load(memory)


def test_a_short_one_is_not_taken(typed: Make, path: Path, memory: LockedMemory) -> None:
    with pytest.raises(KekFileError, match="has 11 bytes; take one of at least 12"):
        typed(b"eleven byte\n").create(memory)
    assert not path.exists()


def test_people_say_a_new_one_twice(typed: Make, path: Path, memory: LockedMemory) -> None:
    with pytest.raises(KekFileError, match="differ"):
        typed(RIGHT + b"\n", RIGHT + b"!\n", confirms=True).create(memory)
    assert not path.exists()
    typed(RIGHT + b"\n", RIGHT, confirms=True).create(memory)
    assert path.exists()


def test_it_is_never_replaced(typed: Make, made: Kek, path: Path, memory: LockedMemory) -> None:
    before = path.read_bytes()
    with pytest.raises(KekFileError, match="exists; it is never replaced"):
        typed(RIGHT).create(memory)
    assert path.read_bytes() == before


def test_a_full_disk_leaves_nothing_behind(
    typed: Make, path: Path, memory: LockedMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "write", lambda *_: 63)
    with pytest.raises(KekFileError, match="No space left"):
        typed(RIGHT).create(memory)
    assert not path.exists()


def test_s20_the_page_of_the_passphrase_is_gone_and_so_is_the_root(
    path: Path, native: Native, memory: LockedMemory
) -> None:
    source = Typing(native, [RIGHT, RIGHT], confirms=True)
    kek = PassphraseKek(path, native.sodium, source, CHEAP).create(memory)
    assert len(memory._lives) == 2  # what was derived
    assert all(page._mapping.closed for page in source.pages)
    kek.close()
    assert not memory._lives


def test_no_locked_memory_means_no_kek(typed: Make, made: Kek, native: Native) -> None:
    with pytest.raises(CustodyUnavailable):
        typed(RIGHT).load(LockedMemory(native.sodium, 0))


def written(path: Path, content: bytes, mode: int = 0o600) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    path.chmod(mode)


def file(passes: int = 1, memory: int = 8192, header: bytes = HEADER) -> bytes:
    return struct.pack(">16sQQ16s16s", header, passes, memory, b"s" * 16, b"i" * 16)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "has 0 bytes, not 64"),
        (file()[:63], "has 63 bytes, not 64"),
        (file() + b"x", "has 65 bytes, not 64"),
        (bytes(2**20), "has 1048576 bytes, not 64"),
        (file(header=b"signward-kek-v1\n"), "does not start as the file of a passphrase does"),
        (file(header=bytes(16)), "does not start as the file of a passphrase does"),
        (file(passes=0), "asks for a cost that nobody has chosen"),
        (file(passes=65), "asks for a cost that nobody has chosen"),
        (file(passes=2**64 - 1), "asks for a cost that nobody has chosen"),
        (file(memory=8191), "asks for a cost that nobody has chosen"),
        (file(memory=2**32 + 1), "asks for a cost that nobody has chosen"),
    ],
)
def test_a_hostile_file_is_refused_before_anybody_is_asked(
    typed: Make, path: Path, memory: LockedMemory, content: bytes, problem: str
) -> None:
    written(path, content)
    with pytest.raises(KekFileError, match=problem):
        typed().load(memory)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o400, 0o4600])
def test_another_mode_is_refused(typed: Make, path: Path, memory: LockedMemory, mode: int) -> None:
    written(path, file(), mode)
    with pytest.raises(KekFileError, match=f"has mode {mode:04o}, not 0600; run: chmod 600"):
        typed().load(memory)


def test_another_owner_is_refused(
    typed: Make, made: Kek, path: Path, memory: LockedMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(KekFileError, match="belongs to another user"):
        typed().load(memory)


@pytest.mark.timeout(5)
def test_what_is_no_file_is_refused(typed: Make, path: Path, memory: LockedMemory) -> None:
    with pytest.raises(KekFileError, match="No such file"):
        typed().load(memory)
    os.mkfifo(path, 0o600)
    with pytest.raises(KekFileError, match="is not a regular file"):
        typed().load(memory)
    path.unlink()
    written(path.with_name("real"), file())
    path.symlink_to("real")
    with pytest.raises(KekFileError, match="Too many levels of symbolic links"):
        typed().load(memory)


def test_an_unreadable_or_shrinking_file_is_refused(
    typed: Make, made: Kek, memory: LockedMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "read", lambda *_: b"short")
    with pytest.raises(KekFileError, match="has not 64 bytes"):
        typed().load(memory)

    def fail(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "read", fail)
    with pytest.raises(KekFileError, match="cannot be read: Input/output error"):
        typed().load(memory)


def test_too_little_memory_for_argon2_is_said(
    path: Path, native: Native, memory: LockedMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native.sodium, "pwhash", lambda *_: -1)
    with pytest.raises(KekFileError, match="takes 256 MiB of memory, which there is not"):
        PassphraseKek(path, native.sodium, Typing(native, [RIGHT])).create(memory)
    assert not path.exists()
    assert not memory._lives
