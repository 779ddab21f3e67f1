"""How many lanes of nonces there are, and who raises their horizons."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from signward_server.config import load
from signward_server.core.clock import SystemClock
from signward_server.core.workers import ALONE, Worker
from signward_server.store import Store, open_store
from signward_server.wiring.numbering import open_nonces

from tests.fakes.meter import FakeMeter
from tests.running.waiting import eventually

SIGNER = b"s" * 32
DATABASE = "store.url=postgresql://signward@db.internal/signward"


@pytest.mark.parametrize(
    ("flags", "worker", "lanes"),
    [
        ([], ALONE, 1),
        ([], Worker(1, 4), 5),
        ([DATABASE], ALONE, 8),
        ([DATABASE], Worker(0, 4), 8),
        (["hyperliquid.nonce_lanes=16"], ALONE, 16),
        (["hyperliquid.nonce_lanes=1", DATABASE], Worker(0, 1), 1),
    ],
)
def test_a_lane_for_each_process_unless_it_is_said(
    tmp_path: Path, flags: list[str], worker: Worker, lanes: int
) -> None:
    settings = load(None, environment={}, flags=flags)
    with ExitStack() as opened:
        store = open_store(tmp_path / "home" / "signward.db", SystemClock())
        opened.callback(store.close)
        nonces, renewal = open_nonces(settings, worker, store, FakeMeter(), opened)
        assert renewal.alive
        nonces.take(SIGNER)
        assert len(horizons(store)) == lanes
    assert not renewal.alive


def test_a_horizon_is_raised_while_nonces_are_asked_for(tmp_path: Path) -> None:
    with ExitStack() as opened:
        store = open_store(tmp_path / "home" / "signward.db", SystemClock())
        opened.callback(store.close)
        settings = load(None, environment={}, flags=[])
        nonces, _ = open_nonces(settings, ALONE, store, FakeMeter(), opened)
        nonces.take(SIGNER)
        (begun,) = horizons(store)
        assert eventually(lambda: horizons(store)[0] > begun)


def horizons(store: Store) -> list[int]:
    with store._durable.begin() as connection:
        return [row[2] for row in connection.exec_driver_sql("SELECT * FROM nonce_lanes")]
