"""New files and folders."""

import errno
import os
import stat

import pytest
from signward_server.home.files import make_folder, sync_folder, write_new


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o077])
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


def test_modes_do_not_depend_on_the_umask(tmp_path, umask):
    make_folder(tmp_path / "d", 0o750)
    write_new(tmp_path / "d" / "f", b"data", 0o640)
    sync_folder(tmp_path / "d")
    assert mode(tmp_path / "d") == 0o750
    assert mode(tmp_path / "d" / "f") == 0o640
    assert (tmp_path / "d" / "f").read_bytes() == b"data"


def test_nothing_is_replaced(tmp_path):
    file, link = tmp_path / "f", tmp_path / "link"
    file.write_bytes(b"old")
    link.symlink_to(tmp_path / "elsewhere")
    for path in (file, link):
        with pytest.raises(FileExistsError):
            write_new(path, b"new", 0o600)
    assert file.read_bytes() == b"old"
    assert not (tmp_path / "elsewhere").exists()
    with pytest.raises(FileExistsError):
        make_folder(tmp_path, 0o700)


def test_a_failed_write_leaves_no_file(tmp_path, monkeypatch):
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        write_new(tmp_path / "f", b"data", 0o600)
    assert list(tmp_path.iterdir()) == []
