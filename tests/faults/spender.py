"""A process that spends from a store until it is told that there is no more, or is killed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from signward_server.core.clock import SystemClock
from signward_server.core.errors import StoreUnavailable
from signward_server.store import StoreAddress, open_store

from tests.contract.spending import BOT, HOT, NOTIONAL, ORDERS, order
from tests.fakes.meter import FakeMeter
from tests.fakes.row_authenticator import HmacRows

__all__ = ["LIMIT", "Accounts", "Spender", "place_of", "spend"]

LIMIT: Final = 3000
"""What all processes together may spend."""
_THREADS: Final = 4
_SPEND: Final = "from tests.faults.spender import spend; spend()"
_PATIENCE: Final = 60.0


class Accounts:
    """Implements ``core.ports.AccountOf``."""

    def account(self, _key: object, _version: object) -> str:
        return ""


@dataclass
class Spender:
    """One such process.

    Attributes:
        place: The store: a path, or an address of PostgreSQL.
    """

    place: str

    def __post_init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _SPEND, self.place],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
        )

    def ended(self) -> int:
        """Wait for its end; return how much it has spent, as far as it has said so."""
        said, _ = self.process.communicate(timeout=_PATIENCE)
        lines = said.split(b"\n")[:-1]  # a line that was cut off was not yet signed
        return sum(map(int, lines))

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()


def place_of(text: str) -> Path | StoreAddress:
    """Return the place of a store that a text names."""
    return StoreAddress(text) if "://" in text else Path(text)


def spend() -> None:
    """Spend with several threads; print each amount where it would be signed."""
    with_store = open_store(place_of(sys.argv[1]), SystemClock(), shared=True)
    caps = with_store.caps((NOTIONAL, ORDERS), HmacRows(), Accounts(), FakeMeter(), "boot")

    ends = time.monotonic() + _PATIENCE  # whoever waits for it has gone

    def run(seed: int) -> None:
        amounts = random.Random(seed)  # noqa: S311  # which amounts, no secret
        refused = 0
        while refused < 3 and time.monotonic() < ends:
            amount = amounts.randint(1, 40)
            try:
                reservation = caps.reserve(BOT, HOT, HOT.versions[0], order(amount))
            except StoreUnavailable:
                continue
            if reservation.totals["notional"] <= LIMIT:
                os.write(1, b"%d\n" % amount)
            else:
                refused += 1
                reservation.release()

    threads = [threading.Thread(target=run, args=(os.getpid() + n,)) for n in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with_store.close()
