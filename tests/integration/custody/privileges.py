"""Gives up CAP_IPC_LOCK, which lets root lock memory beyond RLIMIT_MEMLOCK."""

from __future__ import annotations

import ctypes
import os
from typing import Final

_VERSION_3: Final = 0x20080522  # linux/capability.h
_CAP_IPC_LOCK: Final = 14


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable"))


def drop_ipc_lock() -> None:
    """Clear CAP_IPC_LOCK in this process; capset(2)."""
    libc = ctypes.CDLL(None, use_errno=True)
    header, data = _Header(_VERSION_3, 0), (_Data * 2)()
    if libc.capget(ctypes.byref(header), data) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    for sets in data[:1]:
        sets.effective &= ~(1 << _CAP_IPC_LOCK)
        sets.permitted &= ~(1 << _CAP_IPC_LOCK)
    if libc.capset(ctypes.byref(header), data) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    assert os.geteuid() == os.getuid()
