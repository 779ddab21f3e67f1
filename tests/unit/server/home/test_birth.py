"""Which file a file is."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
from signward_server.home.birth import Birth, birth_of


def born(path: Path) -> Birth:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return birth_of(descriptor)
    finally:
        os.close(descriptor)


def test_s41_a_copy_was_made_later(tmp_path: Path) -> None:
    file, copy = tmp_path / "a", tmp_path / "b"
    before = time.time_ns()
    file.write_bytes(b"x")
    made = born(file)
    assert made.number == file.stat().st_ino
    assert abs(made.time - before) < 60 * 10**9
    time.sleep(0.01)
    shutil.copy2(file, copy)
    assert copy.stat().st_mtime_ns == file.stat().st_mtime_ns
    assert born(copy).time > made.time


def test_what_changes_in_a_file_leaves_it_the_file_that_it_is(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"x")
    made = born(file)
    file.write_bytes(b"other")
    file.chmod(0o600)
    os.utime(file, (1, 1))
    moved = file.rename(tmp_path / "c")
    assert born(moved) == made


def test_what_is_no_descriptor_is_an_error() -> None:
    with pytest.raises(OSError, match="Bad file descriptor"):
        birth_of(-1)
