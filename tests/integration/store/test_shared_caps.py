"""Caps of daemons that share a database, with several workers each (S12)."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from signward import Client

from tests.running.capped import LIMIT, bought, cap, order_key, order_request, raw_request
from tests.running.crews import crew
from tests.running.homes import Home
from tests.running.keys import create
from tests.running.offline import offline
from tests.running.postgres import new_server, shared_server
from tests.running.process import PATIENT, Daemon

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

THREADS = 8
SPENT = "SPEND_LIMIT"


class Desk:
    """Bots that sign orders until each has been refused a few times."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self._lock = threading.Lock()

    def trade(self, client: Client) -> None:
        refused = 0
        while refused < 2 and self.outcomes[""] <= LIMIT:
            reason = bought(client, order_request("k", 2, round(time.time() * 1000)))
            with self._lock:
                self.outcomes[reason] += 1
            refused += reason != ""

    def race(self, clients: list[Client], meanwhile: Callable[[], object]) -> None:
        threads = [threading.Thread(target=self.trade, args=(each,)) for each in clients]
        for thread in threads:
            thread.start()
        meanwhile()
        for thread in threads:
            thread.join()


def test_s12_daemons_and_their_workers_never_sign_more_than_the_cap(
    new_home: Callable[[], Home],
) -> None:
    flags = ("--set", f"store.url={shared_server().new_database()}")
    first, second = new_home(), new_home()  # copies of one, with the same KEK
    for home in (first, second):
        cap(home)
    desk = Desk()
    with ExitStack() as opened:
        ours = opened.enter_context(crew(first, 2, *flags))
        bot = opened.enter_context(ours.client())
        order_key(bot, "k")
        assert bought(bot, order_request("k", 1, round(time.time() * 1000))) == ""
        adopted = offline("adopt", "--yes", *flags, home=second)
        assert adopted.returncode == 0, adopted.stderr
        assert "leaves windows open" in adopted.stderr
        theirs = opened.enter_context(Daemon(second, *flags))
        clients = [
            opened.enter_context((ours, theirs)[n % 2].client(timeout=10)) for n in range(THREADS)
        ]
        desk.race(clients, lambda: (time.sleep(0.3), theirs.process.kill()))
        assert desk.outcomes[SPENT] > 0
        assert 0 < 2 * desk.outcomes[""] + 1 <= LIMIT
        rest = Desk()
        rest.trade(bot)
        assert 2 * (desk.outcomes[""] + rest.outcomes[""]) + 1 <= LIMIT
        theirs.kill()
    with Daemon(first, *flags) as again, again.client() as bot:
        assert bought(bot, order_request("k", 2, round(time.time() * 1000))) == SPENT


def test_what_no_cap_counts_is_signed_without_the_store(home: Home) -> None:
    """Also by the thread that serves, which nothing that is counted may hold up."""
    cap(home, messages=False)
    server = new_server()
    flags = ("--set", f"store.url={server.new_database()}", *PATIENT)
    with Daemon(home, *flags) as daemon, daemon.client(timeout=15) as bot:
        create(bot, "raw")
        order_key(bot, "k")
        now = round(time.time() * 1000)
        assert bought(bot, raw_request("raw")) == bought(bot, order_request("k", 1, now)) == ""
        with server.frozen():
            outcomes: list[str] = []
            counted = threading.Thread(
                target=lambda: outcomes.append(bought(bot, order_request("k", 1, now)))
            )
            counted.start()
            begun = time.monotonic()
            assert [bought(bot, raw_request("raw")) for _ in range(20)] == [""] * 20
            assert time.monotonic() - begun < 3
            counted.join()
            assert outcomes == ["STORE_UNAVAILABLE"]
    server.stop()
