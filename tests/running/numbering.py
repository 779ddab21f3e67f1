"""Processes that number orders, each with threads and a store of its own, for one exchange."""

from __future__ import annotations

import os
import random
import signal
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Final

from signward_server.core.errors import SignwardError
from signward_server.core.ports import Clock, Nonces

from tests.running.clocks import Clocks, shift
from tests.running.nonce_rule import NonceRule

__all__ = ["Exchange", "Numberer", "work"]

_RECORD: Final = struct.Struct("=32s16sqq")  # what came of it, signer, nonce, process id
_OWN: Final = b"own"  # whose callers choose half of their nonces
_THREADS: Final = 2
_TAKEN: Final = b"taken"


def work() -> None:
    """Number orders until this process is killed."""
    shift()
    from signward_server.core.clock import SystemClock
    from signward_server.store import StoreAddress, open_store
    from signward_server.store.nonces import Renewal

    from tests.fakes.meter import FakeMeter

    url, pipe, pace = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    clock = SystemClock()
    store = open_store(StoreAddress(url), clock)
    nonces = store.nonces(FakeMeter(), 8)
    renewal = Renewal(nonces.renew)
    threads = [
        threading.Thread(target=_order, args=(nonces, clock, pipe, pace), daemon=True)
        for _ in range(_THREADS)
    ]
    for thread in threads:
        thread.start()
    signal.sigwait({signal.SIGTERM})
    renewal.close()
    store.close()


def _order(nonces: Nonces, clock: Clock, pipe: int, pace: float) -> None:
    chance = random.Random()  # noqa: S311 -- of a test
    while True:
        signer = chance.choice([b"one", b"two", _OWN])
        wanted = 0
        if signer is _OWN:
            time.sleep(10 * pace)
            wanted = chance.choice([0, int(clock.time() * 1000) + chance.randrange(40)])
        try:
            result, nonce = _TAKEN, nonces.take(signer, wanted)
        except SignwardError as refused:
            result, nonce = refused.reason.encode(), 0
            time.sleep(min(refused.retry_after or 0.02, 0.05))
        os.write(pipe, _RECORD.pack(result, signer, nonce, os.getpid()))
        time.sleep(pace)


class Numberer:
    """One such process.

    Args:
        url: Its database.
        clocks: By which its clocks are wrong.
        exchange: Where its orders go.
        pace: Seconds between two orders of a thread.
    """

    def __init__(self, url: str, clocks: Clocks, exchange: Exchange, pace: float = 0.002) -> None:
        self._exchange = exchange
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "from tests.running.numbering import work; work()",
                url,
                str(exchange.pipe),
                str(pace),
            ],
            env=os.environ | clocks.variables | {"PYTHONPATH": os.pathsep.join(sys.path)},
            pass_fds=(exchange.pipe,),
            cwd=Path(__file__).parents[2],
        )

    @property
    def works(self) -> bool:
        """Whether an order of it has arrived."""
        return self._process.pid in self._exchange.heard

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it in order."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        self._process.wait(20)


class Exchange:
    """Where all orders arrive, one after the other."""

    def __init__(self) -> None:
        self._end, self.pipe = os.pipe()
        self.rule = NonceRule()
        self.outcomes: Counter[str] = Counter()
        self.heard: set[int] = set()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def judges(self) -> bool:
        """Whether it goes on, and had nothing to refuse so far."""
        return self._thread.is_alive() and not self.rule.faults

    def close(self) -> None:
        """Take no more; nobody writes any more."""
        os.close(self.pipe)
        self._thread.join(20)
        os.close(self._end)

    def _read(self) -> None:
        while record := os.read(self._end, _RECORD.size * 64):
            for place in range(0, len(record), _RECORD.size):
                padded, signer, nonce, process = _RECORD.unpack_from(record, place)
                result = padded.rstrip(b"\0")
                self.outcomes[result.decode()] += 1
                if result == _TAKEN:
                    self.heard.add(process)
                    self.rule.judge(signer, nonce)
