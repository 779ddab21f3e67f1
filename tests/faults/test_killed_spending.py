"""kill -9 of those who spend: a cap is never exceeded, and what was reserved counts (S12)."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from signward import SignwardError
from signward_server.core.clock import SystemClock
from signward_server.store import open_store

from tests.contract.spending import BOT, HOT, NOTIONAL, ORDERS, order
from tests.contract.stores import PLACES
from tests.fakes.meter import FakeMeter
from tests.fakes.row_authenticator import HmacRows
from tests.faults.spender import LIMIT, Accounts, Spender, place_of
from tests.running import capped
from tests.running.dying import DYING, Fuse
from tests.running.homes import Home
from tests.running.process import UNMEASURED, Daemon

pytestmark = pytest.mark.integration

PROCESSES = 3
KILLS = 4
STEPS = 6  # of a daemon that signs an order: writes to the store, commits, records


def total(place: str) -> int:
    """Return what counts."""
    store = open_store(place_of(place), SystemClock(), shared=True)
    caps = store.caps((NOTIONAL, ORDERS), HmacRows(), Accounts(), FakeMeter(), "boot")
    try:
        return caps.reserve(BOT, HOT, HOT.versions[0], order(0)).totals["notional"]
    finally:
        store.close()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("where", sorted(PLACES))
def test_s12_processes_that_race_and_die_never_spend_more_than_the_cap(
    where: str, tmp_path: Path
) -> None:
    place = PLACES[where](tmp_path)
    text = str(place) if isinstance(place, Path) else place.url
    assert total(text) == 0
    chance = random.Random(11)  # noqa: S311  # when somebody dies, no secret
    spenders = [Spender(text) for _ in range(PROCESSES)]
    spent = 0
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.6, 1.2))
        dying = spenders.pop(0)
        dying.kill()
        spent += dying.ended()
        spenders.append(Spender(text))
    spent += sum(each.ended() for each in spenders)
    counted = total(text)
    assert LIMIT / 2 < spent <= min(counted, LIMIT)
    # Those who are killed between counting and signing, or giving back, leave what they counted.
    assert counted - spent <= KILLS * 4 * 40


@pytest.mark.timeout(240)
def test_s12_a_daemon_that_dies_while_it_signs_has_spent_it(home: Home, tmp_path: Path) -> None:
    capped.cap(home)
    fuse = Fuse(tmp_path / "fuse")
    signed = attempted = 0
    places = set()

    def started() -> Daemon:
        fuse.renew()
        return Daemon(home, command=DYING, **fuse.variables, **UNMEASURED, CLOCKS=str(clocks))

    clocks = tmp_path / "clocks"
    clocks.write_bytes(bytes(16))
    with started() as daemon, daemon.client() as bot:
        capped.order_key(bot, "k")
        bot.sign(now("k", 1))
        signed = attempted = 1
    for step in range(1, STEPS + 1):
        daemon = started()
        try:
            with daemon.client(timeout=5) as bot:
                fuse.set(step)
                attempted += 7
                try:
                    bot.sign(now("k", 7))
                    signed += 7
                except SignwardError:
                    daemon.process.wait(10)
                    places.add(fuse.ended_at.split()[0])
        finally:
            daemon.kill()
    with started() as daemon, daemon.client() as bot:
        left = 0
        while left <= capped.LIMIT and capped.bought(bot, now("k", 1)) == "":
            left += 1
    assert {"UPDATE", "commit"} <= places
    assert signed + left <= capped.LIMIT
    assert attempted + left >= capped.LIMIT


def now(key: str, notional: int) -> capped.pb.SignRequest:
    """Return a request to sign an order of now."""
    return capped.order_request(key, notional, round(time.time() * 1000))
