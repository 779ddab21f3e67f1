"""Daemons of several workers."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from signward import Client, SignwardError

from tests.running.homes import Home
from tests.running.keys import sign_request
from tests.running.process import UNMEASURED, Daemon
from tests.running.waiting import eventually

__all__ = ["Load", "alive", "connected", "counts", "crew", "under_load", "workers_of"]


def crew(home: Home, count: int = 2, *flags: str, pass_fds: Sequence[int] = ()) -> Daemon:
    """Start a supervisor and its workers."""
    options = ("--workers", str(count), "--unix", "", *flags)
    return Daemon(home, *options, pass_fds=pass_fds, **UNMEASURED)


def workers_of(daemon: Daemon) -> list[int]:
    """Return the process ids of the workers."""
    children = Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children").read_text()
    return [int(pid) for pid in children.split() if alive(int(pid))]


def alive(pid: int) -> bool:
    """Return whether a process has not ended; one that nobody has waited for has."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # the latter if it ends between open and read
        return False
    return state not in {"Z", "X"}


@contextmanager
def connected(daemon: Daemon, name: str = "bot", count: int = 12) -> Iterator[list[Client]]:
    """Yield clients with a connection each: so many that every worker has some of them.

    That two workers have all of 12 connections on one of them happens once in 2,000 times.
    """
    with ExitStack() as opened:
        clients = [opened.enter_context(daemon.client(name)) for _ in range(count)]
        for client in clients:
            client.health()
        yield clients


def counts(daemon: Daemon, name: str, wanted: float) -> bool:
    """Return whether a metric comes to a number, and is above it at no look.

    What a worker does not tell in time is counted as it was the last time.
    """

    def counted() -> bool:
        found = daemon.metric(name)
        assert found <= wanted, (name, found)
        return found == wanted

    return eventually(counted)


class Load:
    """Clients that sign without pause; what became of each call."""

    def __init__(self, daemon: Daemon, key: str, threads: int) -> None:
        self.outcomes: Counter[str] = Counter()
        self.longest = 0.0
        self._daemon = daemon
        self._request = sign_request(key)
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._over_one) for _ in range(threads)]
        self._threads.append(threading.Thread(target=self._over_new_ones))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _over_one(self) -> None:
        with self._daemon.client() as client:
            while not self._ended.is_set():
                self._sign(client, "signed")

    def _over_new_ones(self) -> None:
        while not self._ended.wait(0.02):
            with self._daemon.client() as client:
                self._sign(client, "signed over a new connection")

    def _sign(self, client: Client, what: str) -> None:
        began = time.monotonic()
        try:
            client.sign(self._request)
        except SignwardError as error:
            what = f"{error.status} {error.reason} {error}"
        self.longest = max(self.longest, time.monotonic() - began)
        self.outcomes[what] += 1


@contextmanager
def under_load(daemon: Daemon, key: str, threads: int = 4) -> Iterator[Load]:
    """Sign until the end of the block."""
    load = Load(daemon, key, threads)
    load.start()
    try:
        assert eventually(lambda: load.outcomes.total() > threads)
        yield load
    finally:
        load.stop()
