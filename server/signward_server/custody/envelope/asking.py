"""Passphrases, from a terminal or a descriptor straight onto a locked page."""

from __future__ import annotations

import ctypes
import os
import signal
import termios
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Final, Protocol

from signward_server.custody.envelope.kek import KekFileError
from signward_server.custody.pages import PAGE_SIZE, LockedPage

__all__ = ["DescriptorPassphrase", "PassphraseSource", "TerminalPassphrase"]

_TERMINAL: Final = "/dev/tty"
_LINE_FEED: Final = 10
_LOCAL: Final = 3  # index of c_lflag in what tcgetattr returns
_LONG: Final = f"a passphrase has less than {PAGE_SIZE} bytes"
_INTERRUPTING: Final = (signal.SIGINT, signal.SIGTERM)


class PassphraseSource(Protocol):
    """Where a passphrase comes from."""

    @property
    def attempts(self) -> int:
        """How often it may be asked for."""
        ...

    @property
    def confirms(self) -> bool:
        """Whether a new one is to be asked for twice, since nobody sees what is typed."""
        ...

    def read(self, prompt: str, page: LockedPage) -> int:
        """Read one line onto a page and return its length in bytes, line feed left out.

        Args:
            prompt: What people are asked.
            page: One page, of zeros.

        Raises:
            KekFileError: There is none, or it is not one line that fits.
        """
        ...


class TerminalPassphrase:
    """Implements ``PassphraseSource`` by the terminal of the process, which shows nothing.

    SIGINT and SIGTERM raise ``KeyboardInterrupt`` while it waits, whoever else handles them.
    """

    attempts: Final = 3
    confirms: Final = True

    def read(self, prompt: str, page: LockedPage) -> int:
        """See ``PassphraseSource.read``."""
        fix = "run it on a terminal, or hand the passphrase over with --passphrase-fd"
        try:
            descriptor = os.open(_TERMINAL, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as exc:
            raise KekFileError("there is no terminal to ask for the passphrase on", fix) from exc
        try:
            with _interruptible(), _silent(descriptor):
                os.write(descriptor, f"{prompt}: ".encode())
                length = os.readv(descriptor, [_bytes_of(page)])
                os.write(descriptor, b"\n")
        except (OSError, termios.error) as exc:
            raise KekFileError("the terminal went while it was asked for", fix) from exc
        finally:
            os.close(descriptor)
        return _line(page, length)


class DescriptorPassphrase:
    """Implements ``PassphraseSource`` by a descriptor, which is read to its end and closed.

    Args:
        descriptor: Of a pipe, a file or a socket.
    """

    attempts: Final = 1
    confirms: Final = False

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self, prompt: str, page: LockedPage) -> int:  # noqa: ARG002  # nobody is asked
        """See ``PassphraseSource.read``."""
        place, length = memoryview(_bytes_of(page)), 0
        try:
            while length < PAGE_SIZE and (size := os.readv(self._descriptor, [place[length:]])):
                length += size
        except OSError as exc:
            raise KekFileError(
                f"the passphrase's descriptor cannot be read: {exc.strerror}",
                "give --passphrase-fd the number of a descriptor that is open",
            ) from exc
        finally:
            with suppress(OSError):  # it was none, which was said already
                os.close(self._descriptor)
        return _line(page, length)


def _bytes_of(page: LockedPage) -> ctypes.Array[ctypes.c_char]:
    return (ctypes.c_char * PAGE_SIZE).from_address(page.address)


def _line(page: LockedPage, length: int) -> int:
    """Return the length of the line on a page without its line feed.

    One byte is looked at after the other: a search would need a copy.
    """
    if length == PAGE_SIZE:
        raise KekFileError("the passphrase is too long", _LONG)
    seen = memoryview(_bytes_of(page)).cast("B")
    end = next((at for at in range(length) if seen[at] == _LINE_FEED), length)
    if end + 1 < length:
        raise KekFileError("the passphrase is more than one line", "give one line")
    if end == 0:
        raise KekFileError("the passphrase is empty", "give one")
    return end


@contextmanager
def _silent(descriptor: int) -> Iterator[None]:
    """Have the terminal show nothing of what is typed, nor what was typed before."""
    before: list[Any] = termios.tcgetattr(descriptor)
    quiet = [*before]
    quiet[_LOCAL] = before[_LOCAL] & ~termios.ECHO | termios.ICANON | termios.ISIG
    termios.tcsetattr(descriptor, termios.TCSAFLUSH, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)


@contextmanager
def _interruptible() -> Iterator[None]:
    with ExitStack() as restored:
        if threading.current_thread() is threading.main_thread():
            for number in _INTERRUPTING:
                before = signal.signal(number, signal.default_int_handler)
                restored.callback(signal.signal, number, before)
        yield
