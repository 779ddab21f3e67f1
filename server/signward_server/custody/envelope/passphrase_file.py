"""The file beside a passphrase: how the KEK is computed of it, and which KEK that is."""

from __future__ import annotations

import os
import stat
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from signward_server.custody.envelope.kek import KekFileError
from signward_server.custody.envelope.key_file_reading import READ

__all__ = ["FILE_SIZE", "SALT_SIZE", "Cost", "Parameters", "read_parameters"]

_HEADER: Final = b"signward-kek-p1\n"
# header, passes, bytes of memory, salt, KEK id
_LAYOUT: Final = struct.Struct(">16sQQ16s16s")
FILE_SIZE: Final = _LAYOUT.size
SALT_SIZE: Final = 16
_MODE: Final = 0o600
_MOST_PASSES: Final = 64
_LEAST_MEMORY: Final = 8192  # crypto_pwhash_MEMLIMIT_MIN
_MOST_MEMORY: Final = 4 * 2**30
_NAME: Final = "put it back, or name the file itself in custody.envelope.kek"
_RESTORE: Final = "put the file that belongs to the passphrase back"


@dataclass(frozen=True, slots=True)
class Cost:
    """What it takes to try a passphrase.

    Attributes:
        passes: Of Argon2id over its memory.
        memory: In bytes.
    """

    passes: int
    memory: int

    @property
    def bearable(self) -> bool:
        """Whether it is one that a daemon starts with, rather than being kept from it."""
        return 1 <= self.passes <= _MOST_PASSES and _LEAST_MEMORY <= self.memory <= _MOST_MEMORY


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the file says; nothing of it is secret.

    Attributes:
        cost: What it takes to try a passphrase.
        salt: 16 bytes.
        kek_id: Id of the KEK that the right passphrase gives, 16 bytes.
    """

    cost: Cost
    salt: bytes
    kek_id: bytes

    def encode(self) -> bytes:
        """Return the content of the file, 64 bytes."""
        return _LAYOUT.pack(_HEADER, self.cost.passes, self.cost.memory, self.salt, self.kek_id)


def read_parameters(path: Path) -> Parameters:
    """Read the file.

    Raises:
        KekFileError: It is missing, no regular file, not ours, has another mode than 0600,
            is of another format, or asks for more than 4 GiB or 64 passes.
    """
    content = _content(path)
    header, passes, memory, salt, kek_id = _LAYOUT.unpack(content)
    if header != _HEADER:
        raise _refused(path, "does not start as the file of a passphrase does", _RESTORE)
    cost = Cost(passes, memory)
    if not cost.bearable:
        raise _refused(path, "asks for a cost that nobody has chosen", _RESTORE)
    return Parameters(cost, salt, kek_id)


def _content(path: Path) -> bytes:
    try:
        descriptor = os.open(path, READ)
    except OSError as exc:
        raise _refused(path, f"cannot be opened: {exc.strerror}", _NAME) from exc
    try:
        _check(path, os.fstat(descriptor))
        content = os.read(descriptor, FILE_SIZE)
    except OSError as exc:
        raise _refused(path, f"cannot be read: {exc.strerror}", "check the disk") from exc
    finally:
        os.close(descriptor)
    if len(content) != FILE_SIZE:
        raise _refused(path, f"has not {FILE_SIZE} bytes", _RESTORE)
    return content


def _check(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _refused(path, "is not a regular file", _NAME)
    if status.st_uid != os.geteuid():
        raise _refused(path, "belongs to another user", "run the daemon as its owner")
    mode = stat.S_IMODE(status.st_mode)
    if mode != _MODE:
        raise _refused(path, f"has mode {mode:04o}, not 0600", f"run: chmod 600 {path}")
    if status.st_size != FILE_SIZE:
        raise _refused(path, f"has {status.st_size} bytes, not {FILE_SIZE}", _RESTORE)


def _refused(path: Path, problem: str, fix: str) -> KekFileError:
    return KekFileError(f"passphrase file {path} {problem}", fix)
