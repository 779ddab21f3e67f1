"""A copy of a store that is worked on: as it was at one moment, and whole."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from signward_server.store import StoreFileError, check_snapshot, open_store, take_snapshot

from tests.fakes.catalogue_keys import catalogue_key
from tests.fakes.row_authenticator import HmacRows
from tests.fakes.stepped_clock import SteppedClock


def test_it_is_a_store_with_what_was_there(tmp_path: Path) -> None:
    store = open_store(tmp_path / "home" / "signward.db", SteppedClock())
    catalogue = store.catalogue(HmacRows())
    stop = threading.Event()

    def work() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            catalogue.insert(catalogue_key(f"k{number}"), b"sealed", None, b"")

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for number in range(5):
            copy = tmp_path / f"copy{number}"
            take_snapshot(tmp_path / "home" / "signward.db", copy)
            check_snapshot(copy)
            copy.chmod(0o600)
            copied = open_store(copy, SteppedClock())
            keys = copied.catalogue(HmacRows())
            assert keys.quarantined == frozenset()
            materials = copied.materials()
            for key in keys.page("", 10_000):
                assert materials.read_material(key.id, 1) == b"sealed"
            copied.close()
    finally:
        stop.set()
        worker.join(30)
        store.close()


def test_what_is_no_store_cannot_be_copied(tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    for name in ("bad", "none"):
        with pytest.raises(StoreFileError, match="cannot be copied"):
            take_snapshot(tmp_path / name, tmp_path / "copy")


def test_a_copy_that_was_damaged_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "home" / "signward.db"
    store = open_store(path, SteppedClock())
    store.catalogue(HmacRows()).insert(catalogue_key("k"), b"sealed", None, b"")
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'keys'"
        ).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    content = bytearray(path.read_bytes())
    content[(page - 1) * size : page * size] = b"\xff" * size
    path.write_bytes(content)
    with pytest.raises(StoreFileError, match=r"in the archive is damaged|is no database"):
        check_snapshot(path)
    path.write_bytes(b"nothing of the kind" * 100)
    with pytest.raises(StoreFileError, match="is no database"):
        check_snapshot(path)
