"""Passphrases from a real terminal, and from descriptors."""

from __future__ import annotations

import ctypes
import os
import pty
import signal
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from signward_server.custody.envelope import (
    DescriptorPassphrase,
    KekFileError,
    TerminalPassphrase,
    asking,
)
from signward_server.custody.native import Native
from signward_server.custody.pages import PAGE_SIZE, LockedPage


@pytest.fixture
def page(native: Native) -> Iterator[LockedPage]:
    page = LockedPage(native.sodium)
    yield page
    page.close()


def content(page: LockedPage, size: int) -> bytes:
    return ctypes.string_at(page.address, size)


def piped(data: bytes) -> int:
    reader, writer = os.pipe()
    os.write(writer, data)
    os.close(writer)
    return reader


def test_a_descriptor_is_read_to_its_end_and_closed(page: LockedPage) -> None:
    descriptor = piped(b"from a pipe\n")
    source = DescriptorPassphrase(descriptor)
    assert source.read("unused", page) == 12
    assert content(page, 12) == b"from a pipe\n"
    assert not Path(f"/proc/self/fd/{descriptor}").exists()
    assert (source.attempts, source.confirms) == (1, False)


def test_what_comes_in_pieces_is_put_together(
    page: LockedPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.readv
    monkeypatch.setattr(os, "readv", lambda end, places: real(end, [memoryview(places[0])[:3]]))
    assert DescriptorPassphrase(piped(b"in pieces")).read("", page) == 9
    assert content(page, 9) == b"in pieces"


def test_no_more_is_read_than_fits(page: LockedPage) -> None:
    assert DescriptorPassphrase(piped(b"x" * 3 * PAGE_SIZE)).read("", page) == PAGE_SIZE


def test_a_descriptor_that_is_not_open_is_refused(page: LockedPage) -> None:
    with pytest.raises(KekFileError, match="Bad file descriptor; give --passphrase-fd"):
        DescriptorPassphrase(1_000_000).read("", page)


def test_without_a_terminal_it_says_what_to_do(
    page: LockedPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "_TERMINAL", "/nonexistent/tty")
    with pytest.raises(KekFileError, match=r"no terminal .*; run it on a terminal, or hand"):
        TerminalPassphrase().read("Passphrase", page)


Terminal = Callable[[Callable[[], None]], tuple[int, int]]


def on_terminal(work: Callable[[], None]) -> tuple[int, int]:
    """Run something in a child with a terminal of its own; return its pid and our end."""
    pid, ours = pty.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        except KeyboardInterrupt:
            code = 130
        finally:
            os._exit(code)
    return pid, ours


def ended(pid: int) -> int:
    for _ in range(1000):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise AssertionError("it did not end")


def until(terminal: int, text: bytes) -> bytes:
    seen = b""
    while text not in seen:
        seen += os.read(terminal, 1024)
    return seen


def drained(terminal: int) -> bytes:
    seen = b""
    try:
        while more := os.read(terminal, 1024):
            seen += more
    except OSError:  # its other end went
        pass
    return seen


@pytest.mark.timeout(20)
def test_s20_a_terminal_shows_the_prompt_and_nothing_of_the_answer(native: Native) -> None:
    def ask() -> None:
        page = LockedPage(native.sodium)
        length = TerminalPassphrase().read("Passphrase of the KEK", page)
        assert content(page, length) == b"typed unseen\n"
        echoes = termios.tcgetattr(0)[3] & termios.ECHO
        os.write(1, b"shown again\n" if echoes else b"still hidden\n")

    pid, terminal = on_terminal(ask)
    seen = until(terminal, b"Passphrase of the KEK: ")
    os.write(terminal, b"typed unseen\n")
    seen += drained(terminal)
    assert ended(pid) == 0
    assert b"typed" not in seen
    assert b"shown again" in seen
    os.close(terminal)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_question_although_the_daemon_notes_signals(
    native: Native, number: signal.Signals
) -> None:
    def ask() -> None:
        signal.signal(number, lambda *_: None)
        TerminalPassphrase().read("Passphrase", LockedPage(native.sodium))

    pid, terminal = on_terminal(ask)
    until(terminal, b"Passphrase: ")
    os.kill(pid, number)
    drained(terminal)
    assert ended(pid) == 130
    os.close(terminal)


def test_people_may_try_again_and_say_it_twice() -> None:
    assert (TerminalPassphrase.attempts, TerminalPassphrase.confirms) == (3, True)
