"""Writing a file that custody alone may read, and that is never replaced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from signward_server.custody.envelope.kek import KekFileError

__all__ = ["new_file"]

_MODE: Final = 0o600
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def new_file(path: Path, what: str) -> Iterator[int]:
    """Yield the descriptor of a new file, mode 0600; it is on disk when the block ends.

    Args:
        path: Where.
        what: What it is, for errors.

    Raises:
        KekFileError: It exists or cannot be written; nothing is left behind.
    """
    try:
        descriptor = os.open(path, _CREATE, _MODE)
        try:
            os.fchmod(descriptor, _MODE)  # whatever the umask is
            yield descriptor
            os.fsync(descriptor)
            _sync_folder(path.parent)
        except BaseException:
            path.unlink()
            raise
        finally:
            os.close(descriptor)
    except FileExistsError as exc:
        raise KekFileError(
            f"{what} {path} exists", "it is never replaced: name another file"
        ) from exc
    except OSError as exc:
        raise KekFileError(
            f"{what} {path} cannot be written: {exc.strerror}", "check its folder and the disk"
        ) from exc


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
