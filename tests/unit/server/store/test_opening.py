"""Which files are opened as a store, and what is said about the others."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from signward_server.core.errors import StoreUnavailable
from signward_server.store import StoreFileError, open_store
from signward_server.store.engine import APPLICATION_ID

from tests.fakes.catalogue_keys import catalogue_key
from tests.fakes.row_authenticator import HmacRows
from tests.fakes.stepped_clock import SteppedClock


def made(path: Path) -> Path:
    store = open_store(path, SteppedClock())
    store.catalogue(HmacRows()).insert(catalogue_key("hot"), b"sealed", None, b"")
    store.close()
    return path


def refusal(path: Path, *, upgrade: bool = True) -> str:
    with pytest.raises(StoreFileError) as refused:
        open_store(path, SteppedClock(), upgrade=upgrade)
    assert str(path) in str(refused.value)
    return str(refused.value)


def test_a_new_store_is_private(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "signward.db"
    store = open_store(path, SteppedClock())
    store.catalogue(HmacRows()).insert(catalogue_key("hot"), b"sealed", None, b"")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    names = {entry.name for entry in path.parent.iterdir()}
    assert names == {"signward.db", "signward.db-wal", "signward.db-shm"}
    for entry in path.parent.iterdir():
        assert stat.S_IMODE(entry.stat().st_mode) == 0o600
    store.close()


def test_the_file_says_whose_it_is_and_how_it_is_kept(tmp_path: Path) -> None:
    path = made(tmp_path / "signward.db")
    assert path.read_bytes()[68:72] == APPLICATION_ID.to_bytes(4, "big")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_key_material_is_synchronised_in_full_and_request_ids_are_not(tmp_path: Path) -> None:
    store = open_store(tmp_path / "signward.db", SteppedClock())
    levels = []
    for engine in (store._durable, store._swift):
        with engine.connect() as connection:
            levels.append(connection.exec_driver_sql("PRAGMA synchronous").scalar())
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 5000
    assert levels == [2, 1]
    store.close()


def test_a_path_with_special_characters_is_taken_literally(tmp_path: Path) -> None:
    path = made(tmp_path / "a?b#c%41 d.db")
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o610])
def test_a_file_that_others_can_reach_is_refused_with_the_fix(tmp_path: Path, mode: int) -> None:
    path = made(tmp_path / "signward.db")
    path.chmod(mode)
    assert "chmod 600" in refusal(path)


def test_a_folder_that_others_can_write_is_refused_with_the_fix(tmp_path: Path) -> None:
    path = tmp_path / "open" / "signward.db"
    made(path)
    path.parent.chmod(0o777)
    with pytest.raises(StoreFileError, match="chmod 700"):
        open_store(path, SteppedClock())


def test_garbage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "signward.db"
    path.write_bytes(os.urandom(8192))
    path.chmod(0o600)
    before = path.read_bytes()
    assert "no database" in refusal(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("left", [10, 100, 4096, 9000])
def test_a_truncated_file_is_refused(tmp_path: Path, left: int) -> None:
    path = made(tmp_path / "signward.db")
    os.truncate(path, left)
    assert "damaged" in refusal(path)


def test_damaged_pages_are_refused_or_reported(tmp_path: Path) -> None:
    path = made(tmp_path / "signward.db")
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))
    with pytest.raises((StoreFileError, StoreUnavailable)):
        open_store(path, SteppedClock()).catalogue(HmacRows())


def test_somebody_elses_database_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "signward.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE cookies (value TEXT)")
    path.chmod(0o600)
    before = path.read_bytes()
    assert "not one of signward" in refusal(path)
    assert path.read_bytes() == before


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    assert "regular file" in refusal(folder)
    link = tmp_path / "link"
    link.symlink_to(made(tmp_path / "signward.db"))
    assert "regular file" in refusal(link)
    below = made(tmp_path / "file.db") / "signward.db"
    assert "cannot be opened" in refusal(below)


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "signward.db"
    path.touch(0o600)
    made(path)


_AS_NOBODY = """
import os, sys
from pathlib import Path
from signward_server.store import StoreFileError, open_store
from tests.fakes.stepped_clock import SteppedClock
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    open_store(Path(sys.argv[1]), SteppedClock())
except StoreFileError as error:
    print(error)
"""


def _opened_without_privileges(path: Path) -> str:
    if os.geteuid() == 0:
        for entry in (path.parent, path):
            os.chown(entry, 65534, 65534)
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _AS_NOBODY, path],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


@pytest.fixture
def reachable() -> Iterator[Path]:
    """Yield a folder that an unprivileged user can reach, unlike ``tmp_path``."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_a_read_only_file_is_refused(reachable: Path) -> None:
    path = made(reachable / "signward.db")
    path.chmod(0o400)
    assert "not writable" in _opened_without_privileges(path)


def test_a_read_only_folder_is_refused(reachable: Path) -> None:
    path = made(reachable / "signward.db")
    reachable.chmod(0o500)
    assert "not writable" in _opened_without_privileges(path)
    reachable.chmod(0o700)


def test_a_file_that_vanished_is_not_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "signward.db"
    store = open_store(path, SteppedClock())
    catalogue = store.catalogue(HmacRows())
    store._durable.dispose()
    store._swift.dispose()
    for entry in tmp_path.iterdir():
        entry.unlink()
    with pytest.raises(StoreUnavailable):
        catalogue.insert(catalogue_key("hot"), None, None, b"")
    assert not store.healthy()
    assert list(tmp_path.iterdir()) == []
    store.close()


def test_a_store_locked_by_another_process_is_unavailable_not_broken(tmp_path: Path) -> None:
    path = made(tmp_path / "signward.db")
    store = open_store(path, SteppedClock())
    catalogue = store.catalogue(HmacRows())
    with store._durable.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 10")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable):
            catalogue.insert(catalogue_key("cold"), None, None, b"")
        other.execute("ROLLBACK")
    assert catalogue.get("cold") is None
    assert catalogue.insert(catalogue_key("cold"), None, None, b"") == catalogue.get("cold")
    store.close()


def test_a_transaction_holds_the_write_lock_from_its_beginning(tmp_path: Path) -> None:
    store = open_store(tmp_path / "signward.db", SteppedClock())
    with (
        store._durable.begin(),
        closing(sqlite3.connect(tmp_path / "signward.db", isolation_level=None)) as other,
    ):
        other.execute("PRAGMA busy_timeout = 0")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    store.close()


def test_health_is_probed_at_most_once_a_second(tmp_path: Path) -> None:
    clock = SteppedClock()
    store = open_store(tmp_path / "signward.db", clock)
    assert store.healthy()
    store._session.close()
    assert store.healthy()
    clock.pass_time(timedelta(seconds=1))
    assert not store.healthy()
    store.close()


def test_a_store_whose_writer_hangs_is_not_healthy(tmp_path: Path) -> None:
    clock = SteppedClock()
    store = open_store(tmp_path / "signward.db", clock)
    answers: list[bool] = []
    with store._writing:
        assert store.healthy(), "it may be done soon"
        clock.pass_time(timedelta(seconds=5))
        asker = threading.Thread(target=lambda: answers.append(store.healthy()))
        asker.start()
        asker.join(10)
    assert answers == [False]
    store.close()
