"""Where a home's store is."""

from __future__ import annotations

from pathlib import Path

import pytest
from signward_server.config import load
from signward_server.core.startup import ConfigurationRefused, HomeLocked
from signward_server.home.store_lock import store_lock
from signward_server.home.store_place import store_place
from signward_server.store import StoreAddress

URL = "postgresql://signward@db.internal/signward"


def test_a_file_stays_a_path(tmp_path: Path) -> None:
    section = load(None, environment={}, flags=[f"store.path={tmp_path}/s.db"]).store
    assert store_place(section) == tmp_path / "s.db"
    with store_lock(section), pytest.raises(HomeLocked), store_lock(section):
        pass


def test_a_database_comes_with_its_password(tmp_path: Path) -> None:
    file = tmp_path / "pw"
    file.write_text("s3cret\n")
    file.chmod(0o640)
    flags = [f"store.url={URL}", f"store.password={file}"]
    section = load(None, environment={}, flags=flags).store
    place = store_place(section)
    assert place == StoreAddress(URL, "s3cret")
    assert "s3cret" not in repr(place)
    with store_lock(section), store_lock(section):
        pass


def test_a_password_may_be_libpqs_own() -> None:
    section = load(None, environment={}, flags=[f"store.url={URL}"]).store
    assert store_place(section) == StoreAddress(URL)


def test_a_password_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "pw"
    file.write_text("s3cret")
    file.chmod(0o644)
    section = load(None, environment={}, flags=[f"store.url={URL}", f"store.password={file}"]).store
    with pytest.raises(ConfigurationRefused, match="others can reach") as refused:
        store_place(section)
    assert "s3cret" not in str(refused.value)
    file.unlink()
    with pytest.raises(ConfigurationRefused, match="cannot be read"):
        store_place(section)
