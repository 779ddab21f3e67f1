"""Files are read if nobody else can change them, and nothing else is waited for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from signward_server.core.plain_files import FileRefused, read_plain


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    path.chmod(0o644)
    return path


def test_a_file_is_read_as_far_as_it_may_be_long_and_one_byte_more(file: Path) -> None:
    assert read_plain(file, 7, guarded=True) == b"content"
    assert read_plain(file, 3) == b"cont"


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_what_others_can_change_is_refused_where_it_is_guarded(file: Path, mode: int) -> None:
    file.chmod(mode)
    assert read_plain(file, 9) == b"content"
    with pytest.raises(FileRefused, match=rf"mode {mode:04o}.*can change it; run: chmod go-w"):
        read_plain(file, 9, guarded=True)


def test_a_file_of_another_user_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    if os.getuid() == 0:
        os.chown(file, 12345, -1)
    with pytest.raises(FileRefused, match="belongs to another user"):
        read_plain(file, 9, guarded=True)


@pytest.mark.timeout(10)
def test_pipes_and_devices_are_refused_and_block_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(FileRefused, match="not a regular file"):
            read_plain(path, 9)
    with pytest.raises(IsADirectoryError):
        read_plain(tmp_path, 9)


def test_links_are_followed_unless_told_otherwise(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(file)
    assert read_plain(link, 9) == b"content"
    with pytest.raises(OSError, match="symbolic"):
        read_plain(link, 9, links=False)
