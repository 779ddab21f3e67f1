"""Filters that the kernel runs on what comes in for a socket (socket(7), SO_ATTACH_FILTER).

Classic BPF, which needs no privilege. Of TCP a filter sees each segment from its header on, and
what it drops counts as lost on the way: the other side sends it again.
"""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Sequence
from typing import Final, TypeAlias

__all__ = ["HOLD_DATA", "TURN_AWAY", "Program", "filter_out", "unfilter"]

Program: TypeAlias = Sequence[tuple[int, int, int, int]]
"""Instructions: code, jump if true, jump if false, operand (linux/filter.h)."""

_SO_ATTACH_FILTER = 26  # asm-generic/socket.h
_SO_DETACH_FILTER = 27
_LOAD_BYTE, _LOAD_LENGTH = 0x30, 0x80  # BPF_LD | BPF_B | BPF_ABS, BPF_LD | BPF_W | BPF_LEN
_AND, _SHIFT_RIGHT, _SHIFT_LEFT = 0x54, 0x74, 0x64
_SUBTRACT_X, _TO_X = 0x1C, 0x07
_IF_EQUAL, _RETURN = 0x15, 0x06
_DROP, _KEEP = 0, 0xFFFFFFFF
_OFFSET, _FLAGS = 12, 13  # bytes of a TCP header (RFC 9293, section 3.1)
_SYN, _SYN_OR_ACK = 0x02, 0x12

TURN_AWAY: Final[Program] = (
    (_LOAD_BYTE, 0, 0, _FLAGS),
    (_AND, 0, 0, _SYN_OR_ACK),
    (_IF_EQUAL, 0, 1, _SYN),
    (_RETURN, 0, 0, _DROP),
    (_RETURN, 0, 0, _KEEP),
)
"""Drops what begins a connection; those that have begun are completed."""

HOLD_DATA: Final[Program] = (
    (_LOAD_BYTE, 0, 0, _OFFSET),
    (_SHIFT_RIGHT, 0, 0, 4),  # words of the header ...
    (_SHIFT_LEFT, 0, 0, 2),  # ... in bytes
    (_TO_X, 0, 0, 0),
    (_LOAD_LENGTH, 0, 0, 0),
    (_SUBTRACT_X, 0, 0, 0),
    (_IF_EQUAL, 0, 1, 0),
    (_RETURN, 0, 0, _KEEP),
    (_RETURN, 0, 0, _DROP),
)
"""Drops all that carries data; what acknowledges ours comes through."""


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("true", ctypes.c_ubyte),
        ("false", ctypes.c_ubyte),
        ("operand", ctypes.c_uint),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("first", ctypes.POINTER(_Instruction)))


def filter_out(target: socket.socket, program: Program) -> None:
    """Attach a filter to a socket, in the place of any other.

    Raises:
        OSError: The kernel refuses.
    """
    instructions = (_Instruction * len(program))(*(_Instruction(*each) for each in program))
    whole = _Program(len(program), instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setsockopt(
        target.fileno(),
        socket.SOL_SOCKET,
        _SO_ATTACH_FILTER,
        ctypes.byref(whole),
        ctypes.sizeof(whole),
    ):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def unfilter(target: socket.socket) -> None:
    """Detach a socket's filter.

    Raises:
        OSError: It has none.
    """
    target.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)
