"""The files in an archive: their names, their sizes, what they hold."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final

from signward_server.core.startup import BackupRefused
from signward_server.home.backup.stream import ArchiveReader, ArchiveWriter

__all__ = ["Entries", "read_entries", "read_manifest", "write_end", "write_file", "write_manifest"]

_PART: Final = 1024 * 1024
_NAME: Final = struct.Struct(">H")
_SIZE: Final = struct.Struct(">Q")
_LONGEST_NAME: Final = 1024
_LONGEST_PART: Final = 255  # bytes of a name, in most file systems
_DEEPEST: Final = 16
_MOST_FILES: Final = 1_000_000
_LARGEST_MANIFEST: Final = 1024 * 1024
_MANIFEST: Final = "manifest"
_FIX: Final = "it was not made by `signward backup`; find out who made it"

Entries = Iterator[tuple[str, int]]
"""Names and sizes; what a file holds is read from the archive before the next one is asked for."""


def write_manifest(archive: ArchiveWriter, facts: Mapping[str, object]) -> None:
    """Write the first entry: what the archive says of itself.

    Raises:
        OSError: It cannot be written.
    """
    content = json.dumps(facts, ensure_ascii=False, sort_keys=True).encode()
    _write_head(archive, _MANIFEST, len(content))
    archive.write(content)


def write_file(archive: ArchiveWriter, name: str, file: BinaryIO, size: int) -> None:
    """Write a file as far as it has that size; it may have grown meanwhile.

    Raises:
        BackupRefused: It has become shorter, or a name that no restore would take.
        OSError: It cannot be read, or the archive not be written.
    """
    if _above(name) is None:
        raise BackupRefused(f"{name!r} is no name that can be restored", "rename it")
    _write_head(archive, name, size)
    while size:
        part = file.read(min(size, _PART))
        if not part:
            raise BackupRefused(f"{name} became shorter while it was read", "try again")
        archive.write(part)
        size -= len(part)


def write_end(archive: ArchiveWriter) -> None:
    """Write that there are no more files, and what ends the archive.

    Raises:
        OSError: It cannot be written.
    """
    archive.write(_NAME.pack(0))
    archive.end()


def read_manifest(archive: ArchiveReader) -> dict[str, Any]:
    """Read the first entry.

    Raises:
        BackupRefused: It is not there, or not as it was written.
        OSError: The archive cannot be read.
    """
    name, size = _read_head(archive)
    if name != _MANIFEST or size > _LARGEST_MANIFEST:
        raise _refused()
    try:
        facts = json.loads(archive.read(size))
    except ValueError as exc:
        raise _refused() from exc
    if not isinstance(facts, dict):
        raise _refused()
    return facts


def read_entries(archive: ArchiveReader) -> Entries:
    """Yield the files, each to be read to its end by the caller, and see that nothing follows.

    Raises:
        BackupRefused: A name is none that a backup writes, or two go for one place.
        OSError: The archive cannot be read.
    """
    names: set[str] = set()
    folders: set[str] = set()
    while True:
        name, size = _read_head(archive)
        if not name:
            archive.end()
            return
        above = _above(name)
        if above is None or name in names or name in folders or not names.isdisjoint(above):
            raise _refused()
        if len(names) == _MOST_FILES:
            raise _refused()
        names.add(name)
        folders.update(above)
        yield name, size


def _write_head(archive: ArchiveWriter, name: str, size: int) -> None:
    encoded = name.encode()
    archive.write(_NAME.pack(len(encoded)) + encoded + _SIZE.pack(size))


def _read_head(archive: ArchiveReader) -> tuple[str, int]:
    """Return name and size of an entry, an empty name at the end."""
    (length,) = _NAME.unpack(archive.read(_NAME.size))
    if not length:
        return "", 0
    try:
        name = archive.read(length).decode()
    except UnicodeDecodeError as exc:
        raise _refused() from exc
    (size,) = _SIZE.unpack(archive.read(_SIZE.size))
    return name, size


def _above(name: str) -> list[str] | None:
    """Return the folders that a file is in, ``None`` for a name that leads out of the home."""
    parts = name.split("/")
    sound = len(name.encode()) <= _LONGEST_NAME and len(parts) <= _DEEPEST
    for part in parts:
        sound = sound and part not in ("", ".", "..") and len(part.encode()) <= _LONGEST_PART
        sound = sound and part.isprintable() and "\\" not in part
    if not sound:
        return None
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def _refused() -> BackupRefused:
    return BackupRefused("the archive holds what no backup of a home does", _FIX)
