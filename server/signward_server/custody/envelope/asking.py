"""Passphrases, from a terminal or a descriptor straight onto a locked page."""

from __future__ import annotations

import os
import signal
import termios
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Final, Protocol

from signward_server.custody.envelope.kek import KekFileError
from signward_server.custody.envelope.roots import bytes_at
from signward_server.custody.pages import PAGE_SIZE, LockedPage

__all__ = ["DescriptorPassphrase", "PassphraseSource", "TerminalPassphrase"]

_TERMINAL: Final = "/dev/tty"
_LOCAL: Final = 3  # index of c_lflag in what tcgetattr returns
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
        """Read what there is onto a page, as much as fits, and return its length in bytes.

        Args:
            prompt: What people are asked.
            page: One page, of zeros.

        Raises:
            KekFileError: There is nothing to read it from.
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
                length = os.readv(descriptor, [bytes_at(page.address, PAGE_SIZE)])
                os.write(descriptor, b"\n")
        except (OSError, termios.error) as exc:
            raise KekFileError("the terminal went while it was asked for", fix) from exc
        finally:
            os.close(descriptor)
        return length


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
        length = 0
        try:
            while length < PAGE_SIZE and (
                size := os.readv(
                    self._descriptor, [bytes_at(page.address + length, PAGE_SIZE - length)]
                )
            ):
                length += size
        except OSError as exc:
            raise KekFileError(
                f"the passphrase's descriptor cannot be read: {exc.strerror}",
                "give --passphrase-fd the number of a descriptor that is open",
            ) from exc
        finally:
            with suppress(OSError):  # it was none, which was said already
                os.close(self._descriptor)
        return length


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
