"""A KEK that is handed from one process to another that it has started, through a pipe."""

from __future__ import annotations

import os
import select
import stat
from contextlib import suppress
from ctypes import Array, c_char
from typing import Final

from signward_server.custody.envelope.kek import Kek, KekFileError
from signward_server.custody.envelope.roots import root_bytes, take_slot
from signward_server.custody.memory import SECRET_SIZE, LockedMemory, Slot
from signward_server.custody.native.sodium import Sodium

__all__ = ["HandedKek", "hand_over"]

_PATIENCE: Final = 10.0  # seconds for the other side to write and to close
_FIX: Final = "let `signward serve` start its workers; --kek-fd is not for people"


def hand_over(root: Slot, descriptor: int) -> None:
    """Write the 32 bytes of a KEK into a pipe; the caller closes it.

    They fit into an empty pipe, so this waits for nobody: the reader may be started later.
    What is in a pipe is never swapped out.

    Args:
        root: The bytes, in the first half of a slot.
        descriptor: The end of an empty pipe that is written.

    Raises:
        KekFileError: It is no pipe, or nobody can read it any more.
    """
    try:
        if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            raise KekFileError("the KEK is handed over through nothing but a pipe", _FIX)
        written = os.writev(descriptor, [root_bytes(root)])
    except OSError as exc:
        raise KekFileError(f"the KEK cannot be handed over: {exc.strerror}", _FIX) from exc
    if written != SECRET_SIZE:
        raise KekFileError("the KEK cannot be handed over: the pipe is full", _FIX)


class HandedKek:
    """Implements ``KekProvider`` for a process that was handed its KEK; good for one time.

    Args:
        descriptor: The end of a pipe that is read, with 32 bytes in it and nothing after them.
        sodium: libsodium.
    """

    def __init__(self, descriptor: int, sodium: Sodium) -> None:
        self._descriptor = descriptor
        self._sodium = sodium

    def unlock(self, memory: LockedMemory) -> Slot:
        """Read the KEK; the descriptor is closed afterwards, whatever came of it.

        Raises:
            KekFileError: It is no pipe, or does not hold just 32 bytes.
            CustodyUnavailable: There is no locked memory for it.
        """
        root = take_slot(memory)
        try:
            self._fill(root)
        except OSError as exc:
            root.retire()
            raise KekFileError(f"--kek-fd cannot be read: {exc.strerror}", _FIX) from exc
        except BaseException:
            root.retire()
            raise
        finally:
            with suppress(OSError):  # it was none, which was said already
                os.close(self._descriptor)
        return root

    def load(self, memory: LockedMemory) -> Kek:
        """Read the KEK; see ``unlock``."""
        with self.unlock(memory) as root:
            return Kek(self._sodium, memory, root)

    def _fill(self, root: Slot) -> None:
        if not stat.S_ISFIFO(os.fstat(self._descriptor).st_mode):
            raise KekFileError("--kek-fd is no pipe", _FIX)
        size = 0
        while size < SECRET_SIZE and (read := self._some(root_bytes(root, size))):
            size += read
        if size != SECRET_SIZE or self._some(bytearray(1)):
            raise KekFileError(f"--kek-fd holds something else than {SECRET_SIZE} bytes", _FIX)

    def _some(self, place: bytearray | Array[c_char]) -> int:
        """Read into a place what is there by now; 0 when the other side has closed it."""
        waiting = select.poll()
        waiting.register(self._descriptor, select.POLLIN)
        if not waiting.poll(_PATIENCE * 1000):
            raise KekFileError("--kek-fd stays open on the other side", _FIX)
        return os.readv(self._descriptor, [place])
