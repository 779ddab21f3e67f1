from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from signward_server.core.errors import CustodyUnavailable
from signward_server.custody.envelope import (
    HandedKek,
    KekFileError,
    LocalKeyFile,
    hand_over,
    handing,
)
from signward_server.custody.memory import LockedMemory, Slot
from signward_server.custody.native import Native

Take = Callable[[], Slot]
Peek = Callable[[Slot], bytes]
Poke = Callable[[Slot, bytes], None]


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        if is_open(end):
            os.close(end)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handing, "_PATIENCE", 0.05)


def is_open(descriptor: int) -> bool:
    return Path(f"/proc/self/fd/{descriptor}").exists()


def refused(native: Native, memory: LockedMemory, descriptor: int) -> str:
    taken = memory._lives.copy()
    with pytest.raises(KekFileError) as raised:
        HandedKek(descriptor, native.sodium).load(memory)
    assert memory._lives == taken
    assert not is_open(descriptor)
    return raised.value.problem


def test_s20_a_kek_goes_from_slot_to_slot(
    native: Native, memory: LockedMemory, take: Take, peek: Peek, pipe: tuple[int, int], path: Path
) -> None:
    file = LocalKeyFile(path, native.sodium)
    kek = file.create(memory)
    with file.unlock(memory) as root:
        hand_over(root, pipe[1])
    os.close(pipe[1])
    handed = HandedKek(pipe[0], native.sodium).load(memory)
    assert (handed.kek_id, handed.mac(b"row")) == (kek.kek_id, kek.mac(b"row"))
    assert not is_open(pipe[0])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kek"


@pytest.fixture
def take(taken: Take) -> Take:
    return taken


def test_one_kek_serves_many_processes(
    native: Native, memory: LockedMemory, take: Take, peek: Peek, poke: Poke
) -> None:
    root = take()
    poke(root, b"k" * 32)
    for _ in range(3):
        reader, writer = os.pipe()
        hand_over(root, writer)
        os.close(writer)
        with HandedKek(reader, native.sodium).unlock(memory) as handed:
            assert peek(handed) == b"k" * 32 + bytes(32)


def test_what_comes_in_pieces_is_put_together(
    native: Native,
    memory: LockedMemory,
    peek: Peek,
    pipe: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = os.readv
    monkeypatch.setattr(os, "readv", lambda end, places: real(end, [memoryview(places[0])[:5]]))
    os.write(pipe[1], bytes(range(32)))
    os.close(pipe[1])
    with HandedKek(pipe[0], native.sodium).unlock(memory) as handed:
        assert peek(handed)[:32] == bytes(range(32))


@pytest.mark.parametrize("size", [0, 1, 31, 33, 48, 4096])
def test_anything_but_32_bytes_is_refused(
    native: Native, memory: LockedMemory, pipe: tuple[int, int], size: int
) -> None:
    os.write(pipe[1], b"x" * size)
    os.close(pipe[1])
    assert refused(native, memory, pipe[0]) == "--kek-fd holds something else than 32 bytes"


@pytest.mark.parametrize("size", [0, 16, 32])
def test_a_writer_that_keeps_it_open_is_not_waited_for(
    native: Native, memory: LockedMemory, pipe: tuple[int, int], size: int
) -> None:
    os.write(pipe[1], b"x" * size)
    assert refused(native, memory, pipe[0]) == "--kek-fd stays open on the other side"


def test_nothing_but_a_pipe_is_read(native: Native, memory: LockedMemory, path: Path) -> None:
    path.write_bytes(b"x" * 32)
    assert refused(native, memory, os.open(path, os.O_RDONLY)) == "--kek-fd is no pipe"
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert refused(native, memory, ours.detach()) == "--kek-fd is no pipe"


def test_a_descriptor_that_is_not_open_is_refused(native: Native, memory: LockedMemory) -> None:
    assert refused(native, memory, 1_000_000) == "--kek-fd cannot be read: Bad file descriptor"


def test_it_is_handed_once(native: Native, memory: LockedMemory, pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"x" * 32)
    os.close(pipe[1])
    handed = HandedKek(pipe[0], native.sodium)
    handed.load(memory)
    with pytest.raises(KekFileError, match="Bad file descriptor"):
        handed.load(memory)


def test_no_locked_memory_means_no_kek(native: Native, pipe: tuple[int, int]) -> None:
    with pytest.raises(CustodyUnavailable):
        HandedKek(pipe[0], native.sodium).load(LockedMemory(native.sodium, 0))


def test_it_is_handed_to_nothing_but_an_empty_pipe(
    taken: Take, pipe: tuple[int, int], path: Path
) -> None:
    root = taken()
    with path.open("wb") as file, pytest.raises(KekFileError, match="through nothing but a pipe"):
        hand_over(root, file.fileno())
    assert path.read_bytes() == b""
    with pytest.raises(KekFileError, match="Bad file descriptor"):
        hand_over(root, 1_000_000)
    os.close(pipe[0])
    with pytest.raises(KekFileError, match="Broken pipe"):
        hand_over(root, pipe[1])
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    os.write(writer, bytes(65536 - 16))
    with pytest.raises(KekFileError, match="cannot be handed over"):
        hand_over(root, writer)
    os.close(reader)
    os.close(writer)
