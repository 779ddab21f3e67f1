"""A KEK in a local file: 16 bytes of header and 32 raw bytes, readable by its owner only."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from pathlib import Path
from typing import Final

from signward_server.core.errors import CustodyUnavailable
from signward_server.custody.envelope.kek import Kek, KekFileError
from signward_server.custody.memory import SECRET_SIZE, LockedMemory, Slot
from signward_server.custody.native.sodium import Sodium

__all__ = ["LocalKeyFile"]

_HEADER: Final = b"signward-kek-v1\n"
_FILE_SIZE: Final = len(_HEADER) + SECRET_SIZE
_MODE: Final = 0o600
_NAME: Final = "name the file itself in custody.envelope.kek"
_RESTORE: Final = "put the KEK file of this home back"
# O_NONBLOCK: opening a pipe in place of the file must not wait for a writer.
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class LocalKeyFile:
    """Implements ``KekProvider`` for the embedded default and for a single host.

    The 32 bytes go between the kernel and a locked slot; they are never ``bytes``.

    Args:
        path: The file.
        sodium: libsodium.
    """

    def __init__(self, path: Path, sodium: Sodium) -> None:
        self._path = path
        self._sodium = sodium

    def load(self, memory: LockedMemory) -> Kek:
        """Read the file.

        Raises:
            KekFileError: It is missing, no regular file, not ours, has another mode than
                0600, or is not a KEK file.
            CustodyUnavailable: There is no locked memory for it.
        """
        with _taken(memory) as root:
            self._read(root)
            return Kek(self._sodium, memory, root)

    def create(self, memory: LockedMemory) -> Kek:
        """Make a random KEK and write the file; it is on disk when this returns.

        Raises:
            KekFileError: The file exists or cannot be written; nothing is left behind.
            CustodyUnavailable: There is no locked memory for it.
        """
        with _taken(memory) as root:
            self._sodium.randombytes(root.address, SECRET_SIZE)
            try:
                self._write(root)
            except FileExistsError as exc:
                raise self._refused("exists", "it is never replaced: name another file") from exc
            except OSError as exc:
                raise self._refused(
                    f"cannot be written: {exc.strerror}", "check its folder and the disk"
                ) from exc
            return Kek(self._sodium, memory, root)

    def _read(self, root: Slot) -> None:
        try:
            descriptor = os.open(self._path, _READ)
        except OSError as exc:
            raise self._refused(f"cannot be opened: {exc.strerror}", _NAME) from exc
        try:
            self._check(os.fstat(descriptor))
            header = bytearray(len(_HEADER))
            size = os.readv(descriptor, [header, _view(root)])
        except OSError as exc:
            raise self._refused(f"cannot be read: {exc.strerror}", "check the disk") from exc
        finally:
            os.close(descriptor)
        if size != _FILE_SIZE or header != _HEADER:
            raise self._refused("does not start as a KEK file does", _RESTORE)

    def _check(self, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise self._refused("is not a regular file", _NAME)
        if status.st_uid != os.geteuid():
            raise self._refused("belongs to another user", "run the daemon as its owner")
        mode = stat.S_IMODE(status.st_mode)
        if mode != _MODE:
            raise self._refused(f"has mode {mode:04o}, not 0600", f"run: chmod 600 {self._path}")
        if status.st_size != _FILE_SIZE:
            raise self._refused(f"has {status.st_size} bytes, not {_FILE_SIZE}", _RESTORE)

    def _write(self, root: Slot) -> None:
        descriptor = os.open(self._path, _CREATE, _MODE)
        try:
            _fill(descriptor, root)
            _sync_folder(self._path.parent)
        except BaseException:
            self._path.unlink()
            raise
        finally:
            os.close(descriptor)

    def _refused(self, problem: str, fix: str) -> KekFileError:
        return KekFileError(f"KEK file {self._path} {problem}", fix)


def _taken(memory: LockedMemory) -> Slot:
    slot = memory.take()
    if slot is None:
        raise CustodyUnavailable
    return slot


def _view(slot: Slot) -> ctypes.Array[ctypes.c_char]:
    return (ctypes.c_char * SECRET_SIZE).from_address(slot.address)


def _fill(descriptor: int, root: Slot) -> None:
    os.fchmod(descriptor, _MODE)  # whatever the umask is
    if os.writev(descriptor, [_HEADER, _view(root)]) != _FILE_SIZE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
