"""An archive as a stream of bytes: cut into chunks that are encrypted one by one."""

from __future__ import annotations

from typing import BinaryIO, Final

from signward_server.core.errors import EnvelopeCorrupt
from signward_server.core.startup import BackupRefused
from signward_server.custody.envelope import CHUNK_SIZE, TAG_SIZE, ArchiveKey

__all__ = ["ArchiveReader", "ArchiveWriter"]

_SEALED_SIZE: Final = CHUNK_SIZE + TAG_SIZE
_FIX: Final = "take another copy of it"


class ArchiveWriter:
    """Encrypts what is written.

    Args:
        file: Takes the archive.
        key: Of the archive.

    Raises:
        OSError: It cannot be written.
    """

    def __init__(self, file: BinaryIO, key: ArchiveKey) -> None:
        self._file = file
        self._key = key
        self._held = bytearray()
        self._number = 0
        file.write(key.header)

    def write(self, data: bytes) -> None:
        """Add bytes.

        Raises:
            OSError: They cannot be written.
        """
        self._held += data
        while len(self._held) > CHUNK_SIZE:  # whatever is held may yet be the end
            self._emit(last=False)

    def end(self) -> None:
        """Write the last chunk.

        Raises:
            OSError: It cannot be written.
        """
        self._emit(last=True)

    def _emit(self, *, last: bool) -> None:
        chunk = bytes(self._held[:CHUNK_SIZE])
        del self._held[:CHUNK_SIZE]
        self._file.write(self._key.seal(chunk, self._number, last=last))
        self._number += 1


class ArchiveReader:
    """Decrypts what is read; nothing comes out that was not written like this.

    Args:
        file: The archive, after its header.
        key: Of the archive.
    """

    def __init__(self, file: BinaryIO, key: ArchiveKey) -> None:
        self._file = file
        self._key = key
        self._sealed = file.read(_SEALED_SIZE)
        self._held = b""
        self._offset = 0
        self._number = 0
        self._ended = False

    def read(self, size: int) -> bytes:
        """Return so many bytes.

        Raises:
            BackupRefused: The archive ends before, or is damaged.
            OSError: It cannot be read.
        """
        parts = []
        while size:
            part = self.read_some(size)
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def read_some(self, most: int) -> bytes:
        """Return at least one byte, and at most so many; see ``read``."""
        while self._offset == len(self._held):
            if self._ended:
                raise BackupRefused("the archive says that there is more than is in it", _FIX)
            self._next()
        part = self._held[self._offset : self._offset + most]
        self._offset += len(part)
        return part

    def end(self) -> None:
        """Return if everything was read.

        Raises:
            BackupRefused: There is more, or the archive is damaged.
            OSError: It cannot be read.
        """
        if not self._ended and self._offset == len(self._held):
            self._next()
        if not self._ended or self._offset < len(self._held):
            raise BackupRefused("the archive holds more than it says", _FIX)

    def _next(self) -> None:
        following = self._file.read(_SEALED_SIZE) if len(self._sealed) == _SEALED_SIZE else b""
        last = not following
        try:
            self._held = self._key.open(self._sealed, self._number, last=last)
        except EnvelopeCorrupt as exc:
            what = "damaged, or not whole" if last else "damaged"
            raise BackupRefused(
                f"the archive is {what} (part {self._number} of 64 KiB)", _FIX
            ) from exc
        self._offset, self._ended = 0, last
        self._number += 1
        self._sealed = following
