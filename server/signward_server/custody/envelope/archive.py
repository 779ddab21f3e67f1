"""Encrypts archives of a home, in chunks, under a key that is wrapped by the KEK.

The chunks are the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizar, "Online
Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", 2015): the nonce is the
chunk's number and whether it is the last one, so that none can be left out, moved or put
into another archive. The format is described in ``docs/formats/backup.md``.
"""

from __future__ import annotations

import ctypes
import struct
from typing import Final, Self

from signward_server.core.errors import CustodyUnavailable, EnvelopeCorrupt
from signward_server.custody.envelope.cipher import NONCE_SIZE, SEALED_SIZE
from signward_server.custody.envelope.kek import Kek
from signward_server.custody.memory import SECRET_SIZE, LockedMemory, Slot
from signward_server.custody.native.sodium import Sodium

__all__ = ["CHUNK_SIZE", "HEADER_SIZE", "TAG_SIZE", "ArchiveKey", "archive_kek"]

CHUNK_SIZE: Final = 64 * 1024
"""Bytes of what is encrypted in one chunk; the last one may have fewer."""
TAG_SIZE: Final = 16
"""Bytes by which an encrypted chunk is longer."""

_MAGIC: Final = b"signward-backup-v1\n"
_KEK_ID_SIZE: Final = 16
_NONCE: Final = struct.Struct(">3xQ?")  # the number in 11 bytes, and whether it is the last
_LAYOUT: Final = struct.Struct(f">{len(_MAGIC)}s{_KEK_ID_SIZE}s{NONCE_SIZE}s{SEALED_SIZE}s")
HEADER_SIZE: Final = _LAYOUT.size
"""Bytes before the first chunk."""

_LABEL: Final = b"signward backup v1 data key\0"
_MOST_CHUNKS: Final = 2**48


class ArchiveKey:
    """The key of one archive, on a locked slot until it is closed.

    Attributes:
        header: What the archive begins with: the key, wrapped.
    """

    def __init__(self, sodium: Sodium, slot: Slot, header: bytes) -> None:
        self._sodium = sodium
        self._slot = slot
        self.header = header

    @classmethod
    def fresh(cls, sodium: Sodium, memory: LockedMemory, kek: Kek) -> Self:
        """Make the key of a new archive.

        Raises:
            CustodyUnavailable: There is no locked memory, or the KEK was wiped.
        """
        slot = _taken(memory)
        nonce = ctypes.create_string_buffer(NONCE_SIZE)
        sodium.randombytes(slot.address, SECRET_SIZE)
        sodium.randombytes(nonce, NONCE_SIZE)
        try:
            wrapped = kek.wrap(slot, nonce.raw, _LABEL + kek.kek_id)
        except CustodyUnavailable:
            slot.retire()
            raise
        return cls(sodium, slot, _LAYOUT.pack(_MAGIC, kek.kek_id, nonce.raw, wrapped))

    @classmethod
    def unwrapped(cls, sodium: Sodium, memory: LockedMemory, kek: Kek, header: bytes) -> Self:
        """Return the key of an archive.

        Raises:
            EnvelopeCorrupt: It is damaged, or wrapped under another KEK.
            CustodyUnavailable: There is no locked memory, or the KEK was wiped.
        """
        if archive_kek(header) != kek.kek_id:
            raise EnvelopeCorrupt
        _, kek_id, nonce, wrapped = _LAYOUT.unpack(header)
        slot = _taken(memory)
        try:
            is_ours = kek.unwrap(wrapped, nonce, _LABEL + kek_id, slot)
        except CustodyUnavailable:
            slot.retire()
            raise
        if not is_ours:
            slot.retire()
            raise EnvelopeCorrupt
        return cls(sodium, slot, header)

    def seal(self, chunk: bytes, number: int, *, last: bool) -> bytes:
        """Return a chunk encrypted, 16 bytes longer.

        Args:
            chunk: At most ``CHUNK_SIZE`` bytes.
            number: Of the chunk, from 0; each is sealed once.
            last: Whether it is the last one.
        """
        sealed = ctypes.create_string_buffer(len(chunk) + TAG_SIZE)
        self._sodium.aes256gcm_encrypt(
            sealed, None, chunk, len(chunk), self.header, HEADER_SIZE, None,
            _nonce(number, last=last), self._slot.address,
        )  # fmt: skip
        return sealed.raw

    def open(self, sealed: bytes, number: int, *, last: bool) -> bytes:
        """Return what was sealed as this chunk; see ``seal``.

        Raises:
            EnvelopeCorrupt: It was not.
        """
        size = len(sealed) - TAG_SIZE
        if size < 0:
            raise EnvelopeCorrupt
        chunk = ctypes.create_string_buffer(size or 1)
        result: int = self._sodium.aes256gcm_decrypt(
            chunk, None, None, sealed, len(sealed), self.header, HEADER_SIZE,
            _nonce(number, last=last), self._slot.address,
        )  # fmt: skip
        if result != 0:
            raise EnvelopeCorrupt
        return chunk.raw[:size]

    def close(self) -> None:
        """Wipe it."""
        self._slot.retire()


def archive_kek(header: bytes) -> bytes:
    """Return the id of the KEK that an archive was made under.

    Raises:
        EnvelopeCorrupt: It does not begin as an archive does.
    """
    if len(header) != HEADER_SIZE or not header.startswith(_MAGIC):
        raise EnvelopeCorrupt
    return header[len(_MAGIC) : len(_MAGIC) + _KEK_ID_SIZE]


def _taken(memory: LockedMemory) -> Slot:
    slot = memory.take()
    if slot is None:
        raise CustodyUnavailable
    return slot


def _nonce(number: int, *, last: bool) -> bytes:
    if not 0 <= number < _MOST_CHUNKS:
        raise ValueError("an archive has no such chunk")
    return _NONCE.pack(number, last)
