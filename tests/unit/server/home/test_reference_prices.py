"""The last good list of prices counts, and none counts for too long (S32)."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from signward_server.config import ConfigurationError
from signward_server.home.reference_prices import ReferencePrices

from tests.fakes.spine.clock import MovingClock

UNIT = 10**8


class Feed:
    """A file that is kept up to date, and what reads it."""

    def __init__(self, folder: Path) -> None:
        self.clock = MovingClock()
        self.file = folder / "prices.json"
        self.prices = ReferencePrices(self.file, timedelta(seconds=60), self.clock)

    def write(self, price: str, *, ago: float = 0) -> None:
        time = int((self.clock.time() - ago) * 1000)
        self.file.write_text(json.dumps({"time": time, "mainnet": {"0": price}}))

    def load(self) -> None:
        self.prices.load()

    def problem(self) -> str:
        with pytest.raises(ConfigurationError) as caught:
            self.prices.load()
        return str(caught.value)

    @property
    def price(self) -> int:
        return self.prices.price("mainnet", 0)


@pytest.fixture
def feed(tmp_path: Path) -> Feed:
    return Feed(tmp_path)


def test_without_a_file_there_are_no_prices() -> None:
    prices = ReferencePrices(None, timedelta(seconds=60), MovingClock())
    prices.load()
    assert (prices.price("mainnet", 0), prices.age, prices.count) == (0, None, 0)


def test_prices_are_those_of_the_file(feed: Feed) -> None:
    nothing = feed.prices.version
    feed.write("65000.5")
    feed.load()
    assert feed.price == 65000 * UNIT + UNIT // 2
    assert feed.prices.price("testnet", 0) == feed.prices.price("mainnet", 1) == 0
    assert feed.prices.version != nothing
    assert feed.prices.count == 1


def test_s32_prices_that_are_too_old_are_none(feed: Feed) -> None:
    feed.write("1", ago=20)
    feed.load()
    feed.clock.advance(39)
    assert (feed.price, feed.prices.count) == (UNIT, 1)
    feed.clock.advance(1)
    assert (feed.price, feed.prices.count) == (0, 0)
    assert feed.prices.age == pytest.approx(60)


def test_s32_a_wall_clock_that_is_set_back_revives_nothing(feed: Feed) -> None:
    feed.write("1")
    feed.load()
    feed.clock.advance(61)
    feed.clock.wall -= 3600
    assert feed.price == 0
    feed.load()  # the same file again
    assert feed.price == 0


@pytest.mark.parametrize(
    ("ago", "text"), [(60, "is too old"), (3600, "is too old"), (-6, "is from a time to come")]
)
def test_s32_a_list_of_another_time_is_refused(feed: Feed, ago: float, text: str) -> None:
    feed.write("1", ago=ago)
    assert text in feed.problem()
    assert feed.price == 0


def test_a_clock_that_is_a_little_ahead_lengthens_nothing(feed: Feed) -> None:
    feed.write("1", ago=-4)
    feed.load()
    feed.clock.advance(59)
    assert feed.price == UNIT
    feed.clock.advance(1)
    assert feed.price == 0


def test_s32_a_bad_file_keeps_the_last_good_one_until_it_is_too_old(feed: Feed) -> None:
    feed.write("2")
    feed.load()
    version = feed.prices.version
    feed.file.write_text('{"time": 1, "mainnet": {"0"')
    assert "is no JSON" in feed.problem()
    feed.file.unlink()
    assert "cannot be read" in feed.problem()
    assert (feed.price, feed.prices.version) == (2 * UNIT, version)
    feed.clock.advance(60)
    assert feed.price == 0


def test_an_older_list_never_replaces_a_newer_one(feed: Feed) -> None:
    feed.write("2")
    feed.load()
    feed.write("3", ago=10)
    assert "is older than the one in force" in feed.problem()
    assert feed.price == 2 * UNIT


def test_a_newer_list_replaces_an_older_one(feed: Feed) -> None:
    feed.write("2")
    feed.load()
    feed.clock.advance(30)
    feed.write("3")
    feed.load()
    feed.clock.advance(59)
    assert feed.price == 3 * UNIT


def test_s32_a_file_that_others_can_change_is_refused(feed: Feed) -> None:
    feed.write("1")
    feed.file.chmod(0o666)
    assert "others can change it" in feed.problem()
    feed.file.unlink()
    os.mkfifo(feed.file)
    assert "is not a regular file" in feed.problem()
    assert feed.price == 0
