"""A KEK, and archives that are made under it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from signward_server.custody.envelope import HEADER_SIZE, ArchiveKey, Kek, LocalKeyFile
from signward_server.custody.memory import LockedMemory
from signward_server.custody.native import Native, load_native
from signward_server.custody.pages import PAGE_SIZE
from signward_server.home.backup.stream import ArchiveReader, ArchiveWriter

Open = Callable[[bytes], ArchiveReader]


@pytest.fixture(scope="session")
def native() -> Native:
    return load_native()


@pytest.fixture
def memory(native: Native) -> Iterator[LockedMemory]:
    memory = LockedMemory(native.sodium, 4 * PAGE_SIZE)
    yield memory
    memory.close()


@pytest.fixture
def kek(native: Native, memory: LockedMemory, tmp_path: Path) -> Iterator[Kek]:
    kek = LocalKeyFile(tmp_path / "kek", native.sodium).create(memory)
    yield kek
    kek.close()


@pytest.fixture
def key(native: Native, memory: LockedMemory, kek: Kek) -> Iterator[ArchiveKey]:
    key = ArchiveKey.fresh(native.sodium, memory, kek)
    yield key
    key.close()


@pytest.fixture
def opened(key: ArchiveKey) -> Open:
    """Open the bytes of an archive."""
    return lambda archive: ArchiveReader(io.BytesIO(archive[HEADER_SIZE:]), key)


@pytest.fixture
def written(key: ArchiveKey) -> Callable[..., bytes]:
    """Return the archive of what a function writes, or of bytes."""

    def write(what: bytes | Callable[[ArchiveWriter], None]) -> bytes:
        file = io.BytesIO()
        archive = ArchiveWriter(file, key)
        if isinstance(what, bytes):
            archive.write(what)
            archive.end()
        else:
            what(archive)
        return file.getvalue()

    return write
