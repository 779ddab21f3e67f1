"""Writes an archive of a home: complete under its name, or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from signward_server.core.plain_files import FileRefused, opened
from signward_server.core.startup import BackupRefused
from signward_server.custody.envelope import ArchiveKey
from signward_server.home.backup.contents import Contents
from signward_server.home.backup.entries import write_end, write_file, write_manifest
from signward_server.home.backup.stream import ArchiveWriter
from signward_server.home.files import sync_folder

__all__ = ["write_archive"]


def write_archive(
    draft: Path,
    out: Path,
    key: ArchiveKey,
    facts: Mapping[str, object],
    store: tuple[str, Path] | None,
    contents: Contents,
) -> int:
    """Write an archive and give it its name; it is on the disk when this returns.

    Args:
        draft: Where it is written; on the file system of ``out``.
        out: Its name; nothing may have it.
        key: Of the archive.
        facts: What it says of itself.
        store: Name of the store in the home, and a copy of it; ``None`` for none.
        contents: The other files.

    Returns:
        Its size in bytes.

    Raises:
        BackupRefused: A file cannot be read or changed meanwhile, or the disk is full.
    """
    files = ((store,) if store else ()) + contents.files
    try:
        with draft.open("xb") as file:
            archive = ArchiveWriter(file, key)
            write_manifest(archive, facts)
            for name, path in files:
                _add(archive, name, path)
            write_end(archive)
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        _publish(draft, out)
    except OSError as exc:
        raise BackupRefused(
            f"{out} cannot be written ({os.strerror(exc.errno or 0)})",
            "nothing was left behind; correct this and try again",
        ) from exc
    return size


def _add(archive: ArchiveWriter, name: str, path: Path) -> None:
    try:
        with opened(path) as descriptor:
            size = os.fstat(descriptor).st_size
            with open(descriptor, "rb", closefd=False) as file:  # a descriptor
                write_file(archive, name, file, size)
    except FileNotFoundError as exc:
        raise BackupRefused(f"{path} went away while it was to be read", "try again") from exc
    except FileRefused as exc:
        raise BackupRefused(f"{path} {exc.text}", exc.fix) from exc


def _publish(draft: Path, out: Path) -> None:
    if os.path.lexists(out):
        raise BackupRefused(f"{out} exists; it was not touched", "name another file")
    draft.rename(out)
    sync_folder(out.parent)
