"""Who logs never waits for who reads the log."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from io import StringIO, TextIOWrapper

import pytest
from signward_server.telemetry.spool import Spool

Log = Callable[[str], None]


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("x", logging.INFO, __file__, 1, text, None, None)


class Gate(StringIO):
    """A stream that takes nothing until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = threading.Event()
        self.opened = threading.Event()
        self.broken = False

    def write(self, text: str) -> int:
        self.reached.set()
        assert self.opened.wait(10)
        if self.broken:
            raise BrokenPipeError
        return super().write(text)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.opened.set()


@pytest.fixture
def pipe() -> Iterator[tuple[int, TextIOWrapper]]:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream:
        yield reader, stream
    os.close(reader)


def test_what_was_lost_is_counted_once(gate: Gate) -> None:
    spool = Spool(gate, most=20)
    gate.broken = True
    for number in range(5):
        spool.emit(record(f"{number} of 10 char"))  # one fits
    gate.opened.set()
    spool.flush()
    assert spool.lost == 5
    gate.broken = False
    spool.emit(record("fits"))
    spool.flush()
    assert spool.lost == 5
    assert '"count"' not in gate.getvalue()
    assert "fits" in gate.getvalue()
    spool.close()


def test_lines_come_in_order_and_whole(pipe: tuple[int, TextIOWrapper]) -> None:
    reader, stream = pipe
    spool = Spool(stream)
    for number in range(100):
        spool.emit(record(f"line {number}"))
    spool.flush()
    assert os.read(reader, 10_000).decode().splitlines() == [f"line {n}" for n in range(100)]
    spool.close()


def test_a_pipe_that_nobody_reads_stops_nobody_who_logs(pipe: tuple[int, TextIOWrapper]) -> None:
    reader, stream = pipe
    spool = Spool(stream, most=200_000)

    def talk() -> None:
        for _ in range(1_000):
            spool.emit(record("x" * 999))

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    thread.join(10)
    stuck = thread.is_alive()
    read = bytearray()
    while b"dropped" not in read and (data := os.read(reader, 1 << 16)):
        read += data
    spool.close()
    assert not stuck
    lines = read.decode().splitlines()
    assert set(lines) == {"x" * 999, "log records were dropped"}
    assert 199 <= len(lines) < 999


def test_what_does_not_fit_is_counted_and_said_when_lines_are_taken_again(gate: Gate) -> None:
    counts: list[int] = []

    class Counting(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            counts.extend([record.count] if hasattr(record, "count") else [])
            return super().format(record)

    spool = Spool(gate, most=30)
    spool.setFormatter(Counting())
    spool.emit(record("0123456789"))
    assert gate.reached.wait(10)
    for _ in range(5):
        spool.emit(record("0123456789"))  # eleven characters each: one more fits
    gate.opened.set()
    spool.flush(10)
    assert gate.getvalue().splitlines() == ["0123456789"] * 2 + ["log records were dropped"]
    assert counts == [4]
    spool.emit(record("after"))
    spool.flush(10)
    assert gate.getvalue().splitlines()[-1] == "after"
    spool.close()


def test_a_flush_ends_although_the_stream_takes_nothing(gate: Gate) -> None:
    spool = Spool(gate)
    spool.emit(record("x"))
    began = time.monotonic()
    spool.flush(0.05)
    assert time.monotonic() - began < 5
    assert gate.getvalue() == ""
    spool.close()


def test_a_stream_that_fails_is_tried_again_with_the_next_line(gate: Gate) -> None:
    gate.broken = True
    gate.opened.set()
    spool = Spool(gate)
    spool.emit(record("lost"))
    spool.flush(10)
    gate.broken = False
    spool.emit(record("kept"))
    spool.flush(10)
    assert gate.getvalue().splitlines() == ["kept", "log records were dropped"]
    spool.close()


def test_a_record_that_cannot_be_formatted_is_counted_and_raises_nothing(
    gate: Gate, capfd: pytest.CaptureFixture[str]
) -> None:
    gate.opened.set()
    spool = Spool(gate)
    spool.emit(logging.LogRecord("x", logging.INFO, __file__, 1, "%d", ("a secret",), None))
    spool.flush(10)
    assert gate.getvalue() == "log records were dropped\n"
    assert capfd.readouterr().err == ""
    spool.close()


def test_closing_ends_the_thread_after_the_last_line(gate: Gate) -> None:
    before = set(threading.enumerate())
    spool = Spool(gate)
    (thread,) = set(threading.enumerate()) - before
    spool.emit(record("last"))
    spool.close()
    gate.opened.set()
    thread.join(10)
    assert not thread.is_alive()
    assert gate.getvalue() == "last\n"


CHATTY = """
import logging, sys
from signward_server.telemetry.logging import configure_logging
configure_logging("info", sys.stderr)
for _ in range({count}):
    logging.getLogger("signward_server").info("x" * 900)
"""


def chatty(count: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", CHATTY.format(count=count)],
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": "server"},
    )


def test_a_process_ends_with_its_last_lines_written() -> None:
    process = chatty(500)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert said.count(b"\n") == 500


def test_a_process_ends_although_nobody_reads_what_it_says() -> None:
    process = chatty(500)
    try:
        assert process.wait(15) == 0
    finally:
        process.kill()
        process.communicate()
