"""A KEK in a local file: 16 bytes of header and 32 raw bytes, readable by its owner only."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final

from signward_server.custody.envelope.kek import Kek
from signward_server.custody.envelope.key_file_reading import FILE_SIZE, HEADER, read_key_file
from signward_server.custody.envelope.new_files import new_file
from signward_server.custody.envelope.roots import root_bytes, take_slot
from signward_server.custody.memory import SECRET_SIZE, LockedMemory, Slot
from signward_server.custody.native.sodium import Sodium

__all__ = ["LocalKeyFile"]

_MODE: Final = 0o600
_NAME: Final = "put it back, or name the file itself in custody.envelope.kek"


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

    def unlock(self, memory: LockedMemory) -> Slot:
        """Read the file.

        Raises:
            KekFileError: It is missing, no regular file, not ours, has another mode than
                0600, or is not a KEK file.
            CustodyUnavailable: There is no locked memory for it.
        """
        root = take_slot(memory)
        try:
            read_key_file(
                self._path, root, what="KEK file", advice=_NAME, protection=self._exposure
            )
        except BaseException:
            root.retire()
            raise
        return root

    def load(self, memory: LockedMemory) -> Kek:
        """Read the file; see ``unlock``."""
        with self.unlock(memory) as root:
            return Kek(self._sodium, memory, root)

    def create(self, memory: LockedMemory) -> Kek:
        """Make a random KEK and write the file; it is on disk when this returns.

        Raises:
            KekFileError: The file exists or cannot be written; nothing is left behind.
            CustodyUnavailable: There is no locked memory for it.
        """
        with take_slot(memory) as root:
            self._sodium.randombytes(root.address, SECRET_SIZE)
            with new_file(self._path, "KEK file") as descriptor:
                if os.writev(descriptor, [HEADER, root_bytes(root)]) != FILE_SIZE:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return Kek(self._sodium, memory, root)

    def _exposure(self, status: os.stat_result) -> tuple[str, str] | None:
        if status.st_uid != os.geteuid():
            return "belongs to another user", "run the daemon as its owner"
        mode = stat.S_IMODE(status.st_mode)
        if mode != _MODE:
            return f"has mode {mode:04o}, not 0600", f"run: chmod 600 {self._path}"
        return None
