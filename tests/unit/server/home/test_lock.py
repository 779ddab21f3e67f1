"""One process at a time (S41)."""

import os
import subprocess
import sys

import pytest
from signward_server.core.startup import ExitCode, HomeLocked
from signward_server.home.layout import Home
from signward_server.home.lock import FileLock

HOLDER = """
import sys
from pathlib import Path
from signward_server.home.lock import FileLock
with FileLock(Path(sys.argv[1]), "it"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock until its standard input ends."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "lock")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=child_environment()
    ) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.stdin.close()


def child_environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def test_s41_a_second_process_is_refused_and_told_who_holds_it(tmp_path, holder):
    with pytest.raises(HomeLocked) as caught, Home(tmp_path).lock():
        pass
    assert caught.value.exit_code is ExitCode.IN_USE
    assert str(caught.value) == (
        f"the home {tmp_path} is in use by process {holder.pid}; stop it first, or use another home"
    )


def test_s41_a_killed_holder_leaves_no_lock(tmp_path, holder):
    holder.kill()
    holder.wait(10)
    with Home(tmp_path).lock():
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
    assert (tmp_path / "lock").read_text() == ""


def test_it_excludes_within_one_process_and_can_be_taken_again(tmp_path):
    for _ in range(2):
        with Home(tmp_path).lock():
            with pytest.raises(HomeLocked, match="in use by process"), Home(tmp_path).lock():
                pass
            assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


def test_a_holder_that_wrote_no_pid_is_another_process(tmp_path, holder):
    (tmp_path / "lock").write_text("rm -rf")
    with pytest.raises(HomeLocked, match="in use by another process;"), Home(tmp_path).lock():
        pass


def test_children_do_not_inherit_it(tmp_path):
    with Home(tmp_path).lock():
        child = subprocess.Popen(["sleep", "30"], close_fds=False)
    try:
        with Home(tmp_path).lock():
            assert child.poll() is None
    finally:
        child.kill()
        child.wait(10)


@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "missing"])
def test_only_a_regular_file_locks(tmp_path, kind):
    path = tmp_path / "lock"
    if kind == "link":
        path.symlink_to(tmp_path / "elsewhere")
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path = tmp_path / "missing" / "lock"
    with pytest.raises(HomeLocked), FileLock(path, "it"):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_that_is_replaced_meanwhile_is_locked_again(tmp_path, monkeypatch):
    path = tmp_path / "lock"
    path.touch()
    opened = []
    real = FileLock._opened

    def replaced_once(lock):
        descriptor = real(lock)
        if not opened:
            path.unlink()
            path.touch()
        opened.append(descriptor)
        return descriptor

    monkeypatch.setattr(FileLock, "_opened", replaced_once)
    with FileLock(path, "it"):
        assert len(opened) == 2
        assert path.read_text() == f"{os.getpid()}\n"


def test_a_file_that_never_stays_is_given_up(tmp_path, monkeypatch):
    path = tmp_path / "lock"
    real = FileLock._opened

    def removed(lock):
        descriptor = real(lock)
        path.unlink()
        return descriptor

    monkeypatch.setattr(FileLock, "_opened", removed)
    with pytest.raises(HomeLocked, match="keeps changing"), FileLock(path, "it"):
        pass
