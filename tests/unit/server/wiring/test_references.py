"""Reference prices as a part of the daemon: shown, read again, and never in the way."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from pathlib import Path

import pytest
from signward_server.core.ports import Reloaded, ReloadPart
from signward_server.telemetry.metrics import Metrics
from signward_server.wiring.references import ReferencesPart, open_references
from signward_server.wiring.reloading import Reloader

from tests.fakes.spine.audit import FakeAudit
from tests.fakes.spine.clock import MovingClock

AGE = timedelta(seconds=60)


def shown(metrics: Metrics) -> dict[str, float]:
    return {
        family.name: number
        for family in metrics.snapshot()
        for _, number in family.samples
        if family.name.startswith("reference") and isinstance(number, float)
    }


def write(file: Path, clock: MovingClock, price: str) -> None:
    file.write_text(json.dumps({"time": int(clock.time() * 1000), "mainnet": {"7": price}}))


def test_a_new_file_is_in_force_without_a_line_for_each_price(tmp_path: Path) -> None:
    clock, audit, file = MovingClock(), FakeAudit(), tmp_path / "prices.json"
    write(file, clock, "1")
    references = open_references(file, AGE, clock, Metrics())
    assert references.price("mainnet", 7) == 10**8
    part = ReferencesPart(references)
    reloader = Reloader({ReloadPart.REFERENCES: part}, Metrics(), audit)
    assert reloader.watched() == {ReloadPart.REFERENCES: (file,)}
    write(file, clock, "2")
    assert reloader.reload() == [Reloaded(ReloadPart.REFERENCES, part.version, changed=True)]
    assert references.price("mainnet", 7) == 2 * 10**8
    assert audit.notes == []


def test_a_bad_file_says_so_and_the_daemon_starts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    metrics = Metrics()
    with caplog.at_level(logging.ERROR):
        references = open_references(tmp_path / "none.json", AGE, MovingClock(), metrics)
    assert [record.message for record in caplog.records] == ["no reference prices"]
    assert references.price("mainnet", 7) == 0
    assert shown(metrics) == {"reference_prices": 0.0}


def test_their_number_and_age_are_shown(tmp_path: Path) -> None:
    clock, metrics, file = MovingClock(), Metrics(), tmp_path / "prices.json"
    write(file, clock, "1")
    open_references(file, AGE, clock, metrics)
    clock.advance(15)
    assert shown(metrics) == {"reference_prices": 1.0, "reference_prices_age_seconds": 15.0}
    clock.advance(45)
    assert shown(metrics) == {"reference_prices": 0.0, "reference_prices_age_seconds": 60.0}


def test_nothing_is_shown_or_watched_where_there_is_no_file() -> None:
    metrics = Metrics()
    references = open_references(None, AGE, MovingClock(), metrics)
    assert shown(metrics) == {}
    part = ReferencesPart(references)
    assert tuple(part.watched()) == ()
    part.load()
