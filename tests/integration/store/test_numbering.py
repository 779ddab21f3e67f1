"""Nonces of two workers on each of two replicas, judged as the exchange does (promise 6)."""

from __future__ import annotations

import random
import time
from datetime import timedelta
from pathlib import Path

import pytest

from tests.running.clocks import Clocks
from tests.running.numbering import Exchange, Numberer
from tests.running.postgres import shared_server

ORDERS = 20_000
LONGEST = 180.0  # seconds
STEPS = (-3600.0, -30.0, -1.5, -0.9, -0.3, 0.3, 0.9, 1.5, 30.0, 3600.0)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]


def test_no_nonce_is_given_twice_or_refused_whatever_dies_and_however_clocks_are_set(
    tmp_path: Path,
) -> None:
    """Eight threads, 20,000 orders, a crash or a step of a clock each second."""
    url, chance = shared_server().new_database(), random.Random(7)  # noqa: S311 -- moments
    replicas = [Clocks(tmp_path / f"clocks{number}") for number in range(2)]
    exchange = Exchange()
    numberers = [Numberer(url, replicas[number % 2], exchange) for number in range(4)]
    begun = time.monotonic()
    killed = stepped = 0
    try:
        while (
            exchange.judges and exchange.rule.taken < ORDERS and time.monotonic() - begun < LONGEST
        ):
            time.sleep(0.8)
            place = chance.randrange(4)
            if chance.random() < 0.3 and numberers[place].works:
                numberers[place].kill()
                numberers[place] = Numberer(url, replicas[place % 2], exchange)
                killed += 1
                continue
            by = timedelta(seconds=chance.choice(STEPS))
            replica = chance.choice(replicas)
            replica.step_wall(by)
            time.sleep(chance.uniform(0.05, 0.4))
            replica.step_wall(-by)
            stepped += 1
    finally:
        for numberer in numberers:
            numberer.stop()
        exchange.close()
    assert exchange.rule.faults == {}
    assert exchange.rule.taken >= ORDERS
    assert exchange.outcomes["CLOCK_UNTRUSTED"] > 0
    assert min(killed, stepped) > 3
