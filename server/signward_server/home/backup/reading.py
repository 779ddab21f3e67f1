"""Opens archives, and puts what is in them into a new folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from signward_server.core.errors import EnvelopeCorrupt
from signward_server.core.plain_files import FileRefused, opened
from signward_server.core.startup import BackupRefused, CustodyRefused
from signward_server.custody.envelope import HEADER_SIZE, ArchiveKey, Kek, archive_kek
from signward_server.custody.memory import LockedMemory
from signward_server.custody.native.sodium import Sodium
from signward_server.home.backup.entries import read_entries, read_manifest
from signward_server.home.backup.stream import ArchiveReader
from signward_server.home.files import sync_folder

__all__ = ["Manifest", "open_archive", "unpack"]

_PART: Final = 1024 * 1024
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says of itself.

    Attributes:
        created: When it was made, as RFC 3339 has it.
        release: Of the daemon that made it.
        store: Name of the store in the home; empty if the database keeps it.
        log: Name of the audit log's folder in the home; empty if it was left out.
        verifier: Public key of the log.
        left_out: Settings whose files are not in it.
    """

    created: str
    release: str
    store: str = ""
    log: str = ""
    verifier: str = ""
    left_out: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Manifest:
        """Return what was read.

        Raises:
            BackupRefused: It is not what a backup says.
        """
        try:
            manifest = cls(**facts)
        except TypeError as exc:
            raise _unknown() from exc
        *texts, left_out = (getattr(manifest, name) for name in cls.__slots__)
        if not isinstance(left_out, list) or not all(
            isinstance(text, str) for text in (*texts, *left_out)
        ):
            raise _unknown()
        return manifest


@contextmanager
def open_archive(
    path: Path, sodium: Sodium, memory: LockedMemory, kek: Kek
) -> Iterator[ArchiveReader]:
    """Open an archive with the KEK that it was made under.

    Raises:
        BackupRefused: It cannot be read, is none, or damaged.
        CustodyRefused: It was made under another KEK.
    """
    try:
        with (
            opened(path) as descriptor,
            open(descriptor, "rb", closefd=False) as file,
        ):  # a descriptor
            key = _key(path, file.read(HEADER_SIZE), sodium, memory, kek)
            try:
                yield ArchiveReader(file, key)
            finally:
                key.close()
    except FileRefused as exc:
        raise BackupRefused(f"{path} {exc.text}", exc.fix) from exc
    except OSError as exc:
        raise BackupRefused(
            f"{exc.filename or path} cannot be read or written ({os.strerror(exc.errno or 0)})",
            "nothing was left behind; correct this and try again",
        ) from exc


def unpack(archive: ArchiveReader, folder: Path) -> Manifest:
    """Write every file of an archive below a new, empty folder; all is on the disk then.

    Files get mode 0600 and folders 0700, whatever they had.

    Raises:
        BackupRefused: The archive is damaged, or none of a home.
        OSError: A file cannot be written.
    """
    manifest = Manifest.of(read_manifest(archive))
    names = set()
    for name, size in read_entries(archive):
        names.add(name)
        path = folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(archive, path, size)
    if manifest.store and manifest.store not in names:
        raise _unknown()
    for above, _, _ in os.walk(folder):
        sync_folder(Path(above))
    return manifest


def _write(archive: ArchiveReader, path: Path, size: int) -> None:
    descriptor = os.open(path, _CREATE, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123  # a descriptor
        while size:
            part = archive.read_some(min(size, _PART))
            file.write(part)
            size -= len(part)
        file.flush()
        os.fsync(file.fileno())


def _key(path: Path, header: bytes, sodium: Sodium, memory: LockedMemory, kek: Kek) -> ArchiveKey:
    try:
        made_under = archive_kek(header)
    except EnvelopeCorrupt as exc:
        raise BackupRefused(f"{path} is no backup of a home", "name another file") from exc
    if made_under != kek.kek_id:
        raise CustodyRefused(
            f"{path} was made under the KEK {made_under.hex()}, and this is {kek.kek_id.hex()}",
            "take the KEK that the home had then",
        )
    try:
        return ArchiveKey.unwrapped(sodium, memory, kek, header)
    except EnvelopeCorrupt as exc:
        raise BackupRefused(f"the beginning of {path} is damaged", "take another copy") from exc


def _unknown() -> BackupRefused:
    return BackupRefused(
        "the archive does not say what a backup of this release says",
        "use the release that made it",
    )
