"""Archives as bytes: what was not written like this does not come out."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from signward_server.core.errors import EnvelopeCorrupt
from signward_server.core.startup import BackupRefused
from signward_server.custody.envelope import (
    CHUNK_SIZE,
    HEADER_SIZE,
    TAG_SIZE,
    ArchiveKey,
    Kek,
    LocalKeyFile,
)
from signward_server.custody.memory import LockedMemory
from signward_server.custody.native import Native

from tests.unit.server.home.backup.conftest import Open

SEALED = CHUNK_SIZE + TAG_SIZE
Written = Callable[[bytes], bytes]
SIZES = (0, 1, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 3 * CHUNK_SIZE)


def read_all(archive: bytes, opened: Open, size: int) -> bytes:
    reader = opened(archive)
    content = reader.read(size)
    reader.end()
    return content


@pytest.mark.parametrize("size", SIZES)
def test_what_is_written_is_read(written: Written, opened: Open, size: int) -> None:
    content = random.Random(size).randbytes(size)  # noqa: S311 -- any bytes
    archive = written(content)
    chunks = max(1, -(-size // CHUNK_SIZE))
    assert len(archive) == HEADER_SIZE + size + chunks * TAG_SIZE
    assert read_all(archive, opened, size) == content
    for wrong in (size + 1, max(size - 1, 0)):
        if wrong != size:
            with pytest.raises(BackupRefused, match=r"there is more|more than it says"):
                read_all(archive, opened, wrong)


@pytest.mark.parametrize("size", SIZES)
def test_s22_every_truncation_is_noticed(written: Written, opened: Open, size: int) -> None:
    archive = written(bytes(size))
    ends = {HEADER_SIZE, len(archive) - 1, *range(HEADER_SIZE, len(archive), SEALED)}
    for end in ends - {len(archive)}:
        with pytest.raises(BackupRefused, match="damaged"):
            read_all(archive[:end], opened, size)


def test_s22_every_bit_counts(written: Written, opened: Open) -> None:
    archive = written(bytes(CHUNK_SIZE + 10))
    places = random.Random(1)  # noqa: S311 -- any places
    for _ in range(64):
        at = places.randrange(HEADER_SIZE, len(archive))
        bent = bytearray(archive)
        bent[at] ^= 1 << places.randrange(8)
        with pytest.raises(BackupRefused, match="damaged"):
            read_all(bytes(bent), opened, CHUNK_SIZE + 10)


def test_s22_parts_stay_where_they_were(written: Written, opened: Open) -> None:
    archive = written(bytes(3 * CHUNK_SIZE))
    head, body = archive[:HEADER_SIZE], archive[HEADER_SIZE:]
    one, two, three = (body[at : at + SEALED] for at in range(0, len(body), SEALED))
    for parts in (
        (two, one, three),
        (one, three),
        (one, one, two, three),
        (one, two, three, three),
    ):
        with pytest.raises(BackupRefused, match="damaged"):
            read_all(head + b"".join(parts), opened, 3 * CHUNK_SIZE)
    with pytest.raises(BackupRefused, match="damaged"):
        read_all(archive + b"x", opened, 3 * CHUNK_SIZE)


def test_s22_parts_of_another_archive_do_not_fit(
    written: Written, native: Native, memory: LockedMemory, kek: Kek, opened: Open
) -> None:
    other = ArchiveKey.fresh(native.sodium, memory, kek)
    foreign = other.seal(b"x", 0, last=True)
    with pytest.raises(BackupRefused):
        read_all(written(b"x")[:HEADER_SIZE] + foreign, opened, 1)
    other.close()


def test_s22_a_header_opens_under_its_kek_alone(
    native: Native, memory: LockedMemory, kek: Kek, key: ArchiveKey, tmp_path: Path
) -> None:
    again = ArchiveKey.unwrapped(native.sodium, memory, kek, key.header)
    assert again.open(key.seal(b"chunk", 7, last=False), 7, last=False) == b"chunk"
    again.close()
    other = LocalKeyFile(tmp_path / "other", native.sodium).create(memory)
    for wrong in (key.header[:-1], b"x" + key.header[1:], key.header[:-1] + b"\0", b""):
        if wrong != key.header:
            with pytest.raises(EnvelopeCorrupt):
                ArchiveKey.unwrapped(native.sodium, memory, kek, wrong)
    with pytest.raises(EnvelopeCorrupt):
        ArchiveKey.unwrapped(native.sodium, memory, other, key.header)
    other.close()


def test_a_chunk_is_what_the_documentation_says(
    native: Native, memory: LockedMemory, kek: Kek, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    root = b"r" * 32
    monkeypatch.setattr(
        type(kek), "wrap", lambda _kek, slot, nonce, associated: take(slot, associated)
    )
    seen = {}

    def take(slot: object, associated: bytes) -> bytes:
        import ctypes

        seen["associated"] = associated
        ctypes.memmove(slot.address, root, 32)  # type: ignore[attr-defined]
        return bytes(48)

    known = ArchiveKey.fresh(native.sodium, memory, kek)
    sealed = known.seal(b"hello", 258, last=True)
    nonce = (258).to_bytes(11, "big") + b"\x01"
    assert sealed == AESGCM(root).encrypt(nonce, b"hello", known.header)
    assert seen["associated"] == b"signward backup v1 data key\0" + kek.kek_id
    known.close()
