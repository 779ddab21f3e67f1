"""Orders of two workers on each of two replicas: nonces that the exchange takes (promise 6)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.running.homes import Home
from tests.running.offline import offline
from tests.running.postgres import shared_server
from tests.running.replicas import Replica, Traders, make_keys

STEPS = (-3600.0, -30.0, -1.5, -0.9, 0.9, 1.5, 30.0, 3600.0)
EVENTS = 10  # at least: three kills among them

pytestmark = [pytest.mark.integration]


@pytest.mark.timeout(400)
def test_no_order_is_refused_whatever_dies_and_however_clocks_are_set(
    new_home: Callable[[], Home], tmp_path: Path
) -> None:
    trade(new_home, tmp_path, orders=2_000, longest=200)


@pytest.mark.soak
@pytest.mark.timeout(1_900)
def test_twenty_thousand_orders(new_home: Callable[[], Home], tmp_path: Path) -> None:
    trade(new_home, tmp_path, orders=20_000, longest=1_800)


def trade(new_home: Callable[[], Home], folder: Path, *, orders: int, longest: float) -> None:
    """Have 8 threads trade while workers and daemons are killed, and clocks are set."""
    flags = ("--set", f"store.url={shared_server().new_database()}")
    first, second = new_home(), new_home()
    ours = Replica(first, folder / "ours", *flags)
    with ours.daemon.client() as client:
        make_keys(client)
    adopted = offline("adopt", "--yes", *flags, home=second)
    assert adopted.returncode == 0, adopted.stderr
    replicas = [ours, Replica(second, folder / "theirs", *flags)]
    chance = random.Random(11)  # noqa: S311 -- moments to kill at
    traders = Traders(replicas)
    begun, events = time.monotonic(), 0
    try:
        while (
            traders.trade
            and (traders.orders < orders or events < EVENTS)
            and time.monotonic() - begun < longest
        ):
            time.sleep(1.5)
            events += 1
            replica = chance.choice(replicas)
            if events % 10 == 6:
                replica.kill()
            elif events % 3 == 0:
                replica.kill_one(chance)
            else:
                by = timedelta(seconds=chance.choice(STEPS))
                replica.clocks.step_wall(by)
                time.sleep(chance.uniform(0.1, 0.8))
                replica.clocks.step_wall(-by)
    finally:
        traders.end()
        for replica in replicas:
            replica.daemon.kill()
    assert traders.rule.faults == {}
    assert traders.orders >= orders
    assert events >= EVENTS
    assert traders.refusals["CLOCK_UNTRUSTED"] > 0
