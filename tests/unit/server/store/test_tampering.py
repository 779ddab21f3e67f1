"""Somebody writes to the database file behind the daemon's back (S17)."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from signward_server.core.errors import EnvelopeCorrupt
from signward_server.core.keys import KeyState, VersionState
from signward_server.store import KeyCatalogue, open_store

from tests.fakes.catalogue_keys import catalogue_key, creation_scope, key_version, public_key
from tests.fakes.row_authenticator import HmacRows
from tests.fakes.stepped_clock import SteppedClock

Tamper = Callable[[sqlite3.Connection], None]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "signward.db"
    store = open_store(path, SteppedClock())
    catalogue = store.catalogue(HmacRows())
    old = key_version("hot", 1, state=VersionState.RETIRED)
    hot = catalogue_key("hot", versions=(key_version("hot", 2), old), primary_version=2)
    catalogue.insert(hot, b"sealed hot", None, b"")
    catalogue.insert(catalogue_key("warm"), b"sealed warm", None, b"")
    catalogue.insert(catalogue_key("good"), b"sealed good", None, b"")
    catalogue.replace(dataclasses.replace(hot, state=KeyState.DISABLED), 1)
    store.close()
    return path


@pytest.fixture
def load(file: Path) -> Iterator[Callable[[], KeyCatalogue]]:
    store = open_store(file, SteppedClock())
    yield lambda: store.catalogue(HmacRows())
    store.close()


def run(file: Path, *statements: str, parameters: tuple[object, ...] = ()) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        for statement in statements:
            cursor = connection.execute(statement, parameters)
            assert cursor.rowcount != 0


EDITS = [
    "UPDATE keys SET state = 1 WHERE id = 'hot'",
    "UPDATE keys SET owner = 'cn:thief' WHERE id = 'hot'",
    "UPDATE keys SET user_id = 'me' WHERE id = 'hot'",
    """UPDATE keys SET labels = '{"app":"taker","desk":"fx"}' WHERE id = 'hot'""",
    "UPDATE keys SET labels = 'not json' WHERE id = 'hot'",
    "UPDATE keys SET purpose = 2 WHERE id = 'hot'",
    "UPDATE keys SET allow_digest = 1 WHERE id = 'hot'",
    "UPDATE keys SET network = 'mainnet' WHERE id = 'hot'",
    "UPDATE keys SET vault_address = '0x00' WHERE id = 'hot'",
    "UPDATE keys SET unlock_ttl = 9 WHERE id = 'hot'",
    "UPDATE keys SET primary_version = 1 WHERE id = 'hot'",
    "UPDATE keys SET revision = 1 WHERE id = 'hot'",
    "UPDATE keys SET allow_digest = 2 WHERE id = 'hot'",
    "UPDATE keys SET revision = 2.5 WHERE id = 'hot'",
    "UPDATE keys SET state = 'x' WHERE id = 'hot'",
    "UPDATE keys SET algorithm = 99 WHERE id = 'hot'",
    "UPDATE keys SET create_time = 9223372036854775807 WHERE id = 'hot'",
    "UPDATE keys SET owner = CAST(x'ff' AS TEXT) WHERE id = 'hot'",
    "UPDATE keys SET owner = x'00' WHERE id = 'hot'",
    "UPDATE keys SET mac = x'' WHERE id = 'hot'",
    "UPDATE keys SET mac = zeroblob(32) WHERE id = 'hot'",
    "UPDATE keys SET mac = 'text' WHERE id = 'hot'",
    "UPDATE keys SET mac = (SELECT mac FROM keys WHERE id = 'warm') WHERE id = 'hot'",
    "UPDATE key_versions SET state = 2 WHERE key_id = 'hot' AND version = 1",
    "UPDATE key_versions SET grace_end_time = 1 WHERE key_id = 'hot' AND version = 1",
    "UPDATE key_versions SET backend_ref = 'arn:mine' WHERE key_id = 'hot' AND version = 2",
    "UPDATE key_versions SET version = 3 WHERE key_id = 'hot' AND version = 1",
    "UPDATE key_versions SET forgotten = 1 WHERE key_id = 'hot' AND version = 1",
    "UPDATE key_versions SET fingerprint = zeroblob(32) WHERE key_id = 'hot' AND version = 1",
    "UPDATE key_versions SET public_key = x'00' WHERE key_id = 'hot' AND version = 2",
    "UPDATE key_versions SET public_key = 'text' WHERE key_id = 'hot' AND version = 2",
    "DELETE FROM key_versions WHERE key_id = 'hot' AND version = 2",
    "DELETE FROM key_versions WHERE key_id = 'hot'",
    "DELETE FROM keys WHERE id = 'hot'",
]


@pytest.mark.parametrize("edit", EDITS)
def test_s17_an_edited_row_is_quarantined_and_the_others_work(
    file: Path, load: Callable[[], KeyCatalogue], edit: str
) -> None:
    assert load().quarantined == frozenset()
    run(file, edit)
    catalogue = load()
    assert catalogue.quarantined == {"hot"}
    with pytest.raises(EnvelopeCorrupt):
        catalogue.get("hot")
    assert [key.id for key in catalogue.page("", 10)] == ["good", "warm"]
    assert catalogue.get("good") == catalogue_key("good")


def test_s17_another_public_key_with_its_fingerprint_is_quarantined(
    file: Path, load: Callable[[], KeyCatalogue]
) -> None:
    mine = public_key("thief")
    run(
        file,
        "UPDATE key_versions SET public_key = ?, fingerprint = ? WHERE key_id = 'warm'",
        parameters=(mine.spki_der, mine.fingerprint),
    )
    assert load().quarantined == {"warm"}


def test_s17_swapped_rows_are_quarantined(file: Path, load: Callable[[], KeyCatalogue]) -> None:
    run(
        file,
        "UPDATE keys SET id = 'tmp' WHERE id = 'hot'",
        "UPDATE keys SET id = 'hot' WHERE id = 'warm'",
        "UPDATE keys SET id = 'warm' WHERE id = 'tmp'",
    )
    assert load().quarantined == {"hot", "warm"}


def test_s17_swapped_versions_are_quarantined(file: Path, load: Callable[[], KeyCatalogue]) -> None:
    run(
        file,
        "UPDATE key_versions SET key_id = 'tmp' WHERE key_id = 'good'",
        "UPDATE key_versions SET key_id = 'good' WHERE key_id = 'warm'",
        "UPDATE key_versions SET key_id = 'warm' WHERE key_id = 'tmp'",
    )
    assert load().quarantined == {"good", "warm"}


def test_s17_a_renamed_key_is_quarantined(file: Path, load: Callable[[], KeyCatalogue]) -> None:
    run(
        file,
        "UPDATE keys SET id = 'vip' WHERE id = 'warm'",
        "UPDATE key_versions SET key_id = 'vip' WHERE key_id = 'warm'",
    )
    assert load().quarantined == {"vip"}


def test_s17_a_rolled_back_version_list_is_quarantined(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        before = connection.execute("SELECT * FROM key_versions WHERE key_id = 'warm'").fetchall()
    store = open_store(file, SteppedClock())
    catalogue = store.catalogue(HmacRows())
    warm = catalogue.get("warm")
    assert warm is not None
    retired = dataclasses.replace(warm.versions[0], state=VersionState.RETIRED)
    new = dataclasses.replace(warm, primary_version=2, versions=(key_version("warm", 2), retired))
    catalogue.replace(new, 1)
    store.close()
    run(file, "DELETE FROM key_versions WHERE key_id = 'warm'")
    marks = ",".join("?" * len(before[0]))
    run(file, f"INSERT INTO key_versions VALUES ({marks})", parameters=before[0])  # noqa: S608
    store = open_store(file, SteppedClock())
    assert store.catalogue(HmacRows()).quarantined == {"warm"}
    store.close()


def test_material_that_is_no_bytes_is_corrupt(file: Path) -> None:
    run(file, "UPDATE materials SET sealed = 7 WHERE key_id = 'good'")
    store = open_store(file, SteppedClock())
    with pytest.raises(EnvelopeCorrupt):
        store.materials().read_material("good", 1)
    store.close()


def test_a_newer_row_that_is_not_authentic_is_not_taken_over(file: Path) -> None:
    store = open_store(file, SteppedClock())
    catalogue = store.catalogue(HmacRows())
    known = catalogue.get("warm")
    assert known is not None
    run(file, "UPDATE keys SET revision = 5, owner = 'cn:thief' WHERE id = 'warm'")
    with pytest.raises(Exception, match="changed since"):
        catalogue.replace(known, 1)
    assert catalogue.get("warm") == known
    store.close()


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE keys SET unlock_ttl = '' WHERE id = 'wiped'",
        "UPDATE keys SET unlock_ttl = x'' WHERE id = 'wiped'",
    ],
)
def test_s17_another_zero_than_the_integer_is_quarantined(
    file: Path, load: Callable[[], KeyCatalogue], edit: str
) -> None:
    catalogue = load()
    kept = catalogue_key("wiped", unlock_ttl=timedelta(0))
    catalogue.insert(kept, b"sealed", None, b"")
    run(file, edit)
    after = load()
    with pytest.raises(EnvelopeCorrupt):
        after.get("wiped")
    assert "wiped" not in {key.id for key in after.page("", 10)}
    assert after.get("good") is not None


def test_a_retry_never_finds_another_key_than_it_named(
    file: Path, load: Callable[[], KeyCatalogue]
) -> None:
    scope = creation_scope("mine")
    load().insert(catalogue_key("mine"), b"sealed", scope, b"c" * 32)
    run(file, "UPDATE requests SET key_id = 'good' WHERE key_id = 'mine'")
    with pytest.raises(EnvelopeCorrupt):
        load().created_by(scope, b"c" * 32)
