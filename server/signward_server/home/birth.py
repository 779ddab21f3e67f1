"""Which file a file is: its number and when it was made, as statx(2) tells."""

from __future__ import annotations

import ctypes
import os
import struct
from dataclasses import dataclass
from typing import Final

__all__ = ["Birth", "birth_of"]

_AT_EMPTY_PATH: Final = 0x1000  # fcntl.h
_STATX_INO: Final = 0x100  # linux/stat.h, as what follows
_STATX_BTIME: Final = 0x800
_SIZE: Final = 256
_NUMBER: Final = 32  # offsets in struct statx
_TIME: Final = 80
_NANOSECONDS: Final = 10**9


@dataclass(frozen=True, slots=True)
class Birth:
    """What no copy of a file has in common with it.

    Attributes:
        number: Of the file, in its file system; free again when the file is gone.
        time: When it was made, nanoseconds since 1970; 0 where the file system does not keep
            that. No call sets it.
    """

    number: int
    time: int


def birth_of(descriptor: int) -> Birth:
    """Return which file a descriptor stands for.

    Raises:
        OSError: It cannot be told.
    """
    statx = ctypes.CDLL(None, use_errno=True).statx
    found = ctypes.create_string_buffer(_SIZE)
    if statx(descriptor, b"", _AT_EMPTY_PATH, _STATX_INO | _STATX_BTIME, found) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    (mask,) = struct.unpack_from("=I", found)
    (number,) = struct.unpack_from("=Q", found, _NUMBER)
    seconds, fraction = struct.unpack_from("=qI", found, _TIME)
    return Birth(number, seconds * _NANOSECONDS + fraction if mask & _STATX_BTIME else 0)
