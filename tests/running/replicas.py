"""Daemons of several workers on one database, their clocks, and who trades on them."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from signward import Algorithm, Client, Purpose, SignwardError
from signward.v1 import hyperliquid_pb2 as hl
from signward.v1 import sign_service_pb2 as pb

from tests.running.clocks import WITH_CLOCKS, Clocks
from tests.running.crews import workers_of
from tests.running.homes import Home
from tests.running.nonce_rule import NonceRule
from tests.running.process import UNMEASURED, Daemon

__all__ = ["KEYS", "Replica", "Traders", "make_keys"]

KEYS: Final = ("one", "two", "three", "four", "named")
_TRIES: Final = 50
_TRADES: Final = """
@id("trades")
permit (
  principal == Identity::"cn:bot",
  action == Action::"SignHyperliquidOrder",
  resource
);
"""


class Replica:
    """A daemon of two workers that is killed and started again.

    Args:
        home: Its home; adopted, if it is a copy.
        clocks: By which its clocks are wrong.
        flags: More flags.
    """

    def __init__(self, home: Home, clocks: Path, *flags: str) -> None:
        home.permit(_TRADES, "trades.cedar")
        self.clocks = Clocks(clocks)
        self._home = home
        self._flags = flags
        self.daemon = self._start()

    def kill(self) -> None:
        """Kill all of it, and start it again."""
        self.daemon.kill()
        self.daemon = self._start()

    def kill_one(self, chance: random.Random) -> None:
        """Kill a worker; its supervisor starts another."""
        if workers := workers_of(self.daemon):
            os.kill(chance.choice(workers), signal.SIGKILL)

    def _start(self) -> Daemon:
        return Daemon(
            self._home,
            *("--workers", "2", "--unix", "", *self._flags),
            command=WITH_CLOCKS,
            **UNMEASURED,
            **self.clocks.variables,
        )


class Traders:
    """Threads that have orders signed, and have the exchange's rule judge their nonces.

    One of 16 has a request_id: it is asked for again until there is an answer, and once more. Those
    have a key of their own, since whoever comes back late has the nonce of the first time.

    Args:
        replicas: Whom they ask; as many threads for each.
        threads: How many in all.
    """

    def __init__(self, replicas: Sequence[Replica], threads: int = 8) -> None:
        self.rule = NonceRule()
        self.refusals: Counter[str] = Counter()
        self._judging = threading.Lock()
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._trade, args=(replicas[number % len(replicas)], number))
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def orders(self) -> int:
        """How many orders the exchange has taken."""
        return self.rule.taken

    @property
    def trade(self) -> bool:
        """Whether all of them do, and the exchange had nothing to refuse so far."""
        return all(thread.is_alive() for thread in self._threads) and not self.rule.faults

    def end(self) -> None:
        """Ask for no more."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _trade(self, replica: Replica, number: int) -> None:
        orders = 0
        while not self._ended.is_set():
            daemon = replica.daemon
            with daemon.client(timeout=10) as client:
                while replica.daemon is daemon and not self._ended.is_set():
                    orders += 1
                    if orders % 16:
                        self._order(client, _order(KEYS[orders % 4]))
                    else:
                        self._order_by_name(client, _order("named", f"{number}/{orders}"))

    def _order(self, client: Client, request: pb.SignRequest) -> None:
        if nonce := self._signed(client, request):
            with self._judging:
                self.rule.judge(request.key.encode(), nonce)

    def _order_by_name(self, client: Client, request: pb.SignRequest) -> None:
        answers = (self._signed(client, request) for _ in range(_TRIES))
        first = next(filter(None, answers), 0)
        with self._judging:
            if first:
                self.rule.judge(request.key.encode(), first)
        again = next(filter(None, answers), first)
        with self._judging:
            if again != first:
                self.rule.faults["another one at a retry"] += 1

    def _signed(self, client: Client, request: pb.SignRequest) -> int:
        """Return the nonce of an order, 0 if it was refused."""
        try:
            return int(client.sign(request).hyperliquid.nonce)
        except SignwardError as refused:
            with self._judging:
                self.refusals[refused.reason or str(refused.status)] += 1
            self._ended.wait(min(refused.retry_after or 0.02, 0.1))
            return 0


def make_keys(client: Client) -> None:
    """Make the keys that orders are signed with."""
    for key in KEYS:
        client.create_key(
            key,
            algorithm=Algorithm.ALGORITHM_ECDSA_SECP256K1,
            purpose=Purpose.PURPOSE_HYPERLIQUID,
            network="testnet",
        )


def _order(key: str, request_id: str = "") -> pb.SignRequest:
    order = hl.HyperliquidOrder(
        asset=1,
        is_buy=True,
        limit_px="1000",
        sz="0.5",
        limit=hl.HyperliquidLimit(tif=hl.HYPERLIQUID_TIF_GTC),
    )
    orders = hl.HyperliquidOrders(orders=[order])
    payload = hl.HyperliquidPayload(order=orders)
    return pb.SignRequest(key=key, hyperliquid=payload, request_id=request_id)
