"""A disk that is full: refused as a whole, and whole again when there is room."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from signward_server.core.errors import RequestIdQuota, StoreUnavailable
from signward_server.store import Store, open_store
from sqlalchemy import Engine

from tests.fakes.catalogue_keys import (
    catalogue_key,
    creation_scope,
    key_version,
    signing_scope,
)
from tests.fakes.row_authenticator import HmacRows
from tests.fakes.stepped_clock import SteppedClock


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "signward.db", SteppedClock())
    yield store
    store.close()


def limit_pages(engine: Engine, pages: int) -> None:
    """Let the database of the engine's one connection grow no further (SQLITE_FULL)."""
    with engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")


def test_a_creation_on_a_full_disk_leaves_nothing(store: Store) -> None:
    catalogue = store.catalogue(HmacRows())
    catalogue.insert(catalogue_key("before"), b"sealed", None, b"")
    limit_pages(store._durable, 1)
    # The key and its version still fit into their pages; the material does not.
    with pytest.raises(StoreUnavailable):
        catalogue.insert(catalogue_key("hot"), b"s" * 20_000, creation_scope("hot"), b"c" * 32)
    assert catalogue.get("hot") is None
    assert [key.id for key in catalogue.page("", 10)] == ["before"]
    again = store.catalogue(HmacRows())
    assert [key.id for key in again.page("", 10)] == ["before"]
    assert again.quarantined == frozenset()
    limit_pages(store._durable, 1_000_000)
    other = catalogue_key("hot", versions=(key_version("hot"),))
    assert catalogue.insert(other, b"s" * 20_000, creation_scope("hot"), b"d" * 32) == other
    assert store.materials().read_material("hot", 1) == b"s" * 20_000


def test_a_change_on_a_full_disk_leaves_the_old_key(store: Store) -> None:
    catalogue = store.catalogue(HmacRows())
    key = catalogue.insert(catalogue_key("hot"), b"sealed", None, b"")
    limit_pages(store._durable, 1)
    wanted = dataclasses.replace(key, labels={"long": "x" * 50_000})
    with pytest.raises(StoreUnavailable):
        catalogue.replace(wanted, 1)
    assert catalogue.get("hot") == key
    assert store.catalogue(HmacRows()).get("hot") == key
    limit_pages(store._durable, 1_000_000)
    assert catalogue.replace(wanted, 1).revision == 2


_FILL = """
import resource, sys
from pathlib import Path
from signward_server.core.errors import StoreUnavailable
from signward_server.store import open_store
from tests.fakes.catalogue_keys import catalogue_key, signing_scope
from tests.fakes.row_authenticator import HmacRows
from tests.fakes.stepped_clock import SteppedClock

path = Path(sys.argv[1])
store = open_store(path, SteppedClock())
catalogue, requests = store.catalogue(HmacRows()), store.requests(HmacRows())
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
created = claimed = 0
try:
    while created < 1000:
        catalogue.insert(catalogue_key(f"k{created:04}"), b"s" * 3000, None, b"")
        created += 1
except StoreUnavailable:
    pass
try:
    while claimed < 10000:
        requests.claim(signing_scope(f"r{claimed}"), b"c" * 32, 7)
        claimed += 1
except StoreUnavailable:
    pass
assert len(catalogue) == created
print(created, claimed, store.healthy())
"""


def test_when_no_file_can_grow_what_was_acknowledged_is_there(tmp_path: Path) -> None:
    path = tmp_path / "signward.db"
    done = subprocess.run(
        [sys.executable, "-c", _FILL, path],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    created, claimed, healthy = done.stdout.split()
    assert 0 < int(created) < 1000
    assert int(claimed) < 10000
    assert healthy == "False"
    store = open_store(path, SteppedClock())
    catalogue = store.catalogue(HmacRows())
    assert len(catalogue) == int(created)
    assert catalogue.quarantined == frozenset()
    materials = store.materials()
    for key in catalogue.page("", 1000):
        assert materials.read_material(key.id, 1) == b"s" * 3000
    requests = store.requests(HmacRows())
    for number in range(int(claimed)):
        assert requests.claim(signing_scope(f"r{number}"), b"c" * 32, 8).version == 7
    store.close()


def test_a_claim_that_failed_does_not_count(tmp_path: Path) -> None:
    clock = SteppedClock()
    store = open_store(tmp_path / "signward.db", clock)
    requests = store.requests(HmacRows(), quota=2)
    requests.claim(signing_scope("r0"), b"c" * 32, 1)
    with store._durable.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE requests RENAME TO away")
    for _ in range(5):
        with pytest.raises(StoreUnavailable):
            requests.claim(signing_scope("r1"), b"c" * 32, 1)
    with store._durable.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO requests")
    clock.pass_time(timedelta(seconds=1))
    assert requests.claim(signing_scope("r1"), b"c" * 32, 2).version == 2
    with pytest.raises(RequestIdQuota):
        requests.claim(signing_scope("r2"), b"c" * 32, 1)
    store.close()
