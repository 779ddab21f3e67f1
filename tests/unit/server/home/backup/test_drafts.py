"""What is not complete leaves nothing, even if its process is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from signward_server.home.backup.drafts import draft_folder

_HOLD = """
import sys, time
from pathlib import Path
from signward_server.home.backup.drafts import draft_folder
with draft_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_bytes(b"x")
    print("there", flush=True)
    time.sleep(60)
"""


def test_a_folder_lives_as_long_as_its_block(tmp_path: Path) -> None:
    with draft_folder(tmp_path) as folder:
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "a").mkdir()
        with draft_folder(tmp_path) as other:
            assert folder.exists()
            assert other != folder
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KeyError), draft_folder(tmp_path):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_nothing_of_a_living_one(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, tmp_path],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"there\n"
        (left,) = tmp_path.iterdir()
        with draft_folder(tmp_path):
            assert left.exists()
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    (tmp_path / ".signward-draft-file").write_bytes(b"no folder")
    (tmp_path / ".signward-draft-link").symlink_to(tmp_path)
    with draft_folder(tmp_path):
        assert not left.exists()
    assert {path.name for path in tmp_path.iterdir()} == {
        ".signward-draft-file",
        ".signward-draft-link",
    }


def test_where_nothing_can_be_made_it_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), draft_folder(tmp_path / "none"):
        pass
