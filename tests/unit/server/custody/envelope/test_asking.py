"""Passphrases from a real terminal, and from descriptors."""

from __future__ import annotations

import ctypes
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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

from tests.running.homes import PATIENCE, environment
from tests.running.waiting import eventually


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


ASKING = """\
import ctypes, os, signal, sys, termios
from signward_server.custody.envelope import TerminalPassphrase
from signward_server.custody.native import load_native
from signward_server.custody.pages import LockedPage

os.close(os.open(os.ttyname(0), os.O_RDWR))  # is the terminal of this session from here on
page = LockedPage(load_native().sodium)
"""


@contextmanager
def on_terminal(work: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run something in a process with a terminal of its own; yield it and our end."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", ASKING + work],
        env=environment(), stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        yield process, ours
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def sleeps(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


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


ANSWERED = """
length = TerminalPassphrase().read("Passphrase of the KEK", page)
assert ctypes.string_at(page.address, length) == b"typed unseen\\n"
print("shown again" if termios.tcgetattr(0)[3] & termios.ECHO else "still hidden")
"""


def test_s20_a_terminal_shows_the_prompt_and_nothing_of_the_answer() -> None:
    with on_terminal(ANSWERED) as (process, terminal):
        seen = until(terminal, b"Passphrase of the KEK: ")
        os.write(terminal, b"typed unseen\n")
        seen += drained(terminal)
        assert process.wait(PATIENCE) == 0, seen
    assert b"typed" not in seen
    assert b"shown again" in seen


INTERRUPTED = """
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda *_: None)
try:
    TerminalPassphrase().read("Passphrase", page)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_question_although_the_daemon_notes_signals(
    number: signal.Signals,
) -> None:
    with on_terminal(INTERRUPTED) as (process, terminal):
        until(terminal, b"Passphrase: ")
        assert eventually(lambda: sleeps(process.pid))  # it reads
        process.send_signal(number)
        drained(terminal)
        assert process.wait(PATIENCE) == 130


def test_people_may_try_again_and_say_it_twice() -> None:
    assert (TerminalPassphrase.attempts, TerminalPassphrase.confirms) == (3, True)
