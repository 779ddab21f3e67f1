"""Health goes by what happened to real writes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from signward_server.core.errors import EtagMismatch, StoreUnavailable
from signward_server.store import open_store
from signward_server.store.writing import Writing

from tests.fakes.catalogue_keys import catalogue_key
from tests.fakes.row_authenticator import HmacRows
from tests.fakes.stepped_clock import SteppedClock


def test_a_failed_write_is_in_doubt_until_one_succeeds_or_time_passes() -> None:
    clock = SteppedClock()
    writing = Writing(clock)
    assert not writing.doubtful
    for recovery in ("success", "time"):
        with pytest.raises(StoreUnavailable), writing:
            raise StoreUnavailable
        assert writing.doubtful
        with pytest.raises(EtagMismatch), writing:
            raise EtagMismatch
        assert writing.doubtful
        if recovery == "time":
            clock.pass_time(timedelta(seconds=5))
        else:
            with writing:
                assert not writing.patiently()
        assert not writing.doubtful


def test_health_follows_real_writes(tmp_path: Path) -> None:
    clock = SteppedClock()
    store = open_store(tmp_path / "signward.db", clock)
    catalogue = store.catalogue(HmacRows())
    with store._durable.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
    assert store.healthy()
    with pytest.raises(StoreUnavailable):
        catalogue.insert(catalogue_key("hot"), b"s" * 20_000, None, b"")
    assert not store.healthy()
    with store._durable.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    catalogue.insert(catalogue_key("hot"), b"s" * 20_000, None, b"")
    assert store.healthy()
    store.close()
