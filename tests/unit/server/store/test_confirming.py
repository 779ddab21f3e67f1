"""Whether the store is still the one that memory stands for (S34)."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from signward_server.core.errors import StoreUnavailable
from signward_server.core.keys import Freeze
from signward_server.store import Store, open_store

from tests.fakes.catalogue_keys import catalogue_key, key_version
from tests.fakes.row_authenticator import HmacRows
from tests.fakes.spine.api_keys import api_key
from tests.fakes.stepped_clock import SteppedClock

VERSION = "SELECT value FROM meta WHERE name = 'version'"


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "signward.db"


@pytest.fixture
def store(file: Path, clock: SteppedClock) -> Iterator[Store]:
    opened = open_store(file, clock)
    yield opened
    opened.close()


@pytest.fixture
def other(file: Path, store: Store, clock: SteppedClock) -> Iterator[Store]:
    """The same store, opened by somebody else."""
    opened = open_store(file, clock)
    yield opened
    opened.close()


def run(file: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        return connection.execute(statement).fetchall()


def refused(store: Store, clock: SteppedClock) -> bool:
    """Return whether it is not confirmed, once what was known a second ago has lapsed."""
    clock.pass_time(timedelta(seconds=1))
    try:
        store.confirm()
    except StoreUnavailable:
        return True
    return False


def test_s34_each_change_counts_and_own_ones_are_known(
    store: Store, file: Path, clock: SteppedClock
) -> None:
    catalogue, api_keys = store.catalogue(HmacRows()), store.api_keys(HmacRows())
    key = catalogue.insert(catalogue_key("hot"), None, None, b"")
    api_keys.insert(api_key())
    api_keys.revoke(api_key().id, clock.now())
    key = catalogue.replace(catalogue_key("hot", freeze=Freeze.ALL), key.revision)
    catalogue.replace_unchanged([key])
    assert run(file, VERSION) == [("5",)]
    before = catalogue.get("hot")
    store.confirm()
    assert catalogue.get("hot") is before


def test_s34_what_somebody_else_changed_is_taken_over(store: Store, other: Store) -> None:
    ours, theirs = store.catalogue(HmacRows()), other.catalogue(HmacRows())
    our_keys, their_keys = store.api_keys(HmacRows()), other.api_keys(HmacRows())
    hot = theirs.insert(catalogue_key("hot"), None, None, b"")
    their_keys.insert(api_key())
    assert ours.get("hot") is None
    assert our_keys.get(api_key().id) is None
    generation = our_keys.generation
    store.confirm()
    assert ours.get("hot") == hot
    assert our_keys.get(api_key().id) == our_keys.find(api_key().digest) == api_key()
    assert our_keys.generation > generation
    theirs.replace(catalogue_key("hot", freeze=Freeze.ALL), hot.revision)
    store.confirm()
    frozen = ours.get("hot")
    assert frozen is not None
    assert frozen.freeze is Freeze.ALL


def test_s34_rows_from_before_a_change_are_not_believed(
    store: Store, file: Path, clock: SteppedClock
) -> None:
    catalogue = store.catalogue(HmacRows())
    hot = catalogue.insert(catalogue_key("hot"), None, None, b"")
    copy = file.with_name("copy.db")
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    catalogue.replace(catalogue_key("hot", freeze=Freeze.ALL), hot.revision)
    with closing(sqlite3.connect(copy)) as source, closing(sqlite3.connect(file)) as target:
        source.backup(target)
    with pytest.raises(StoreUnavailable):
        catalogue.insert(catalogue_key("cold"), None, None, b"")
    clock.pass_time(timedelta(seconds=5))
    assert refused(store, clock)
    frozen = catalogue.get("hot")
    assert frozen is not None
    assert frozen.freeze is Freeze.ALL


def test_s34_a_file_that_went_or_was_exchanged_is_not_the_store(
    store: Store, file: Path, clock: SteppedClock
) -> None:
    catalogue = store.catalogue(HmacRows())
    store.confirm()
    aside = file.with_name("aside.db")
    file.rename(aside)
    catalogue.insert(catalogue_key("hot"), None, None, b"")  # SQLite writes on
    assert refused(store, clock)
    shutil.copy(aside, file)
    assert refused(store, clock)
    aside.replace(file)
    assert not refused(store, clock)


def test_s34_a_version_that_is_no_number_is_none(
    store: Store, file: Path, clock: SteppedClock
) -> None:
    store.catalogue(HmacRows())
    run(file, "UPDATE meta SET value = 'x'")
    assert refused(store, clock)


def test_s34_a_change_beside_that_of_somebody_else_hides_none(store: Store, other: Store) -> None:
    ours, theirs = store.catalogue(HmacRows()), other.catalogue(HmacRows())
    theirs.insert(catalogue_key("hot"), None, None, b"")
    ours.insert(catalogue_key("cold", versions=(key_version("n"),)), None, None, b"")
    assert ours.get("hot") is None
    store.confirm()
    assert ours.get("hot") is not None
    assert ours.get("cold") is not None


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM meta WHERE name = 'version'", "UPDATE meta SET value = '-1'", "DROP TABLE meta"],
)
def test_s34_a_store_without_a_version_is_not_confirmed(
    store: Store, file: Path, clock: SteppedClock, statement: str
) -> None:
    catalogue = store.catalogue(HmacRows())
    run(file, statement)
    assert refused(store, clock)
    with pytest.raises(StoreUnavailable):
        catalogue.insert(catalogue_key("hot"), None, None, b"")


def test_s34_a_store_that_takes_no_change_is_not_confirmed(
    store: Store, file: Path, clock: SteppedClock
) -> None:
    store.catalogue(HmacRows())
    with closing(sqlite3.connect(file, isolation_level=None)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        assert refused(store, clock)
        stranger.execute("ROLLBACK")
    assert not refused(store, clock)


def test_s34_a_write_of_ours_is_waited_for(store: Store, other: Store, clock: SteppedClock) -> None:
    store.catalogue(HmacRows())
    with store._writing:
        assert not refused(store, clock)
    clock.pass_time(timedelta(seconds=1))
    other.catalogue(HmacRows()).insert(
        catalogue_key("cold", versions=(key_version("n"),)), None, None, b""
    )
    with store._writing:
        assert refused(store, clock), "nobody can say whether it is newer"
