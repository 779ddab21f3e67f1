"""Signals as bytes that can be waited for."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

__all__ = ["ENDS", "noted_signals"]

ENDS: Final = (signal.SIGTERM, signal.SIGINT)
"""Those that end a daemon; SIGHUP has it read again what can change."""


@contextmanager
def noted_signals() -> Iterator[socket.socket]:
    """Yield a socket that every signal writes its number to.

    A thread that waits for an event could miss a signal that comes just before, or that
    the kernel hands to another thread; bytes in a socket stay.
    """
    reader, writer = socket.socketpair()
    with reader, writer:
        writer.setblocking(False)
        wakeup = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        before = {number: signal.signal(number, _noted) for number in (*ENDS, signal.SIGHUP)}
        try:
            yield reader
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(wakeup)


def _noted(_number: int, _frame: FrameType | None) -> None:
    """Let the signal be written to the socket, and nothing else."""
