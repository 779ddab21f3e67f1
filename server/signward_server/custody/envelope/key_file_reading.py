"""Reading the format of a KEK file: 16 bytes of header and 32 raw bytes."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from signward_server.custody.envelope.kek import KekFileError
from signward_server.custody.envelope.roots import root_bytes
from signward_server.custody.memory import SECRET_SIZE, Slot

__all__ = ["FILE_SIZE", "HEADER", "READ", "Protection", "read_key_file"]

HEADER: Final = b"signward-kek-v1\n"
FILE_SIZE: Final = len(HEADER) + SECRET_SIZE
# O_NONBLOCK: opening a pipe in place of the file must not wait for a writer.
READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_RESTORE: Final = "put the KEK file of this home back"
_OF_A_PASSPHRASE: Final = 64  # bytes of the file beside a passphrase

Protection = Callable[[os.stat_result], tuple[str, str] | None]
"""Says what is wrong with how a file is protected and what to do, ``None`` if nothing is."""


def read_key_file(
    path: Path, root: Slot, *, what: str, advice: str, protection: Protection
) -> None:
    """Read a KEK from the kernel straight into a slot; it is never ``bytes``.

    Args:
        path: The file.
        root: Where the 32 bytes go.
        what: What it is, for errors.
        advice: What to do where it is not there.
        protection: Looks at its owner and mode.

    Raises:
        KekFileError: It is missing, no regular file, not protected, or no KEK file.
    """
    try:
        descriptor = os.open(path, READ)
    except OSError as exc:
        raise KekFileError(f"{what} {path} cannot be opened: {exc.strerror}", advice) from exc
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise KekFileError(f"{what} {path} is not a regular file", advice)
        if (exposed := protection(status)) is not None:
            raise KekFileError(f"{what} {path} {exposed[0]}", exposed[1])
        if status.st_size != FILE_SIZE:
            raise _another_length(f"{what} {path}", status.st_size)
        header = bytearray(len(HEADER))
        size = os.readv(descriptor, [header, root_bytes(root)])
    except OSError as exc:
        raise KekFileError(
            f"{what} {path} cannot be read: {exc.strerror}", "check the disk"
        ) from exc
    finally:
        os.close(descriptor)
    if size != FILE_SIZE or header != HEADER:
        raise KekFileError(f"{what} {path} does not start as a KEK file does", _RESTORE)


def _another_length(what: str, size: int) -> KekFileError:
    problem = f"{what} has {size} bytes, not {FILE_SIZE}"
    if size != _OF_A_PASSPHRASE:
        return KekFileError(problem, _RESTORE)
    return KekFileError(
        f"{problem}: the file of a passphrase has {size}",
        f"say so (custody.envelope.kek_source, --kek-source), or {_RESTORE}",
    )
