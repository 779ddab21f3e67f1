"""The real libraries, and locked memory of a few pages."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from signward_server.custody.envelope import Kek, LocalKeyFile
from signward_server.custody.memory import LockedMemory, Slot
from signward_server.custody.native import Native, load_native
from signward_server.custody.pages import PAGE_SIZE

from tests.fakes.clock import FakeClock
from tests.fakes.materials import FakeMaterials


@pytest.fixture(scope="session")
def native() -> Native:
    return load_native()


@pytest.fixture
def memory(native: Native) -> Iterator[LockedMemory]:
    memory = LockedMemory(native.sodium, 4 * PAGE_SIZE)
    yield memory
    memory.close()


@pytest.fixture
def taken(memory: LockedMemory) -> Callable[[], Slot]:
    def take() -> Slot:
        slot = memory.take()
        assert slot is not None
        return slot

    return take


@pytest.fixture
def kek(native: Native, memory: LockedMemory, tmp_path: Path) -> Iterator[Kek]:
    kek = LocalKeyFile(tmp_path / "kek", native.sodium).create(memory)
    yield kek
    kek.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def materials() -> FakeMaterials:
    return FakeMaterials()


@pytest.fixture
def peek() -> Callable[[Slot], bytes]:
    """Read the 64 bytes of a slot, as only a test may."""
    return lambda slot: ctypes.string_at(slot.address, 64)


@pytest.fixture
def poke() -> Callable[[Slot, bytes], None]:
    """Write bytes to the start of a slot."""

    def poke(slot: Slot, content: bytes) -> None:
        ctypes.memmove(slot.address, content, len(content))

    return poke
