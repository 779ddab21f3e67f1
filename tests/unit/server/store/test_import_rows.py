"""Rows that the daemon did not write."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from signward_server.core.errors import EnvelopeCorrupt
from signward_server.core.imports import OpenImport, WrappingKey
from signward_server.store import Store, open_store

from tests.fakes.stepped_clock import SteppedClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "signward.db"


def stored(path: Path) -> Store:
    clock = SteppedClock()
    store = open_store(path, clock)
    new = OpenImport(
        id="im_one",
        identity="cn:bot",
        content=b"c" * 32,
        wrapping=WrappingKey(b"p" * 32, b"s"),
        expire_time=clock.now() + timedelta(minutes=10),
    )
    store.imports(SteppedClock()).add(new, None)
    return store


@pytest.mark.parametrize(
    "change",
    [
        "content = 'text'",
        "public_key = 7",
        "sealed = 'text'",
        "expire_time = 'text'",
        f"expire_time = {2**62}",
        "expire_time = 1e300",
    ],
)
def test_a_row_of_other_types_is_no_import(path: Path, change: str) -> None:
    store = stored(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"UPDATE imports SET {change}")  # noqa: S608 -- ours
        connection.commit()
    with pytest.raises(EnvelopeCorrupt):
        store.imports(SteppedClock()).find("im_one", "cn:bot")
    with pytest.raises(EnvelopeCorrupt):
        store.imports(SteppedClock()).take("im_one", "cn:bot")
    store.close()


def test_an_identity_of_other_bytes_is_another(path: Path) -> None:
    store = stored(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE imports SET identity = x'00'")
        connection.commit()
    assert store.imports(SteppedClock()).find("im_one", "cn:bot") is None
    store.close()
