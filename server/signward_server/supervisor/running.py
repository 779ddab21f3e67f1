"""The life of a supervisor: locks, ports, workers, ready line, signals, end."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from signward_server.config import Settings
from signward_server.core.startup import AddressInUse
from signward_server.home.layout import Home
from signward_server.home.listeners import ensure_free
from signward_server.home.store_lock import store_lock
from signward_server.supervisor.crew import Crew, Launch
from signward_server.supervisor.families import crew_families
from signward_server.supervisor.launching import Hand, start_member
from signward_server.supervisor.ports import Ports, reserve
from signward_server.telemetry.exposition import exposed
from signward_server.telemetry.logging import configure_logging, flush_logging, log_unhandled
from signward_server.telemetry.probes import ProbeServer

__all__ = ["supervise"]

_log = structlog.get_logger(__name__)
_BEAT = 0.5  # seconds
_HANGS = 10.0  # seconds without a beat
_COUNTING = 2.0  # seconds for the metrics of all workers


def supervise(
    settings: Settings,
    home: Path,
    command: Sequence[str],
    keep: Callable[[ExitStack], Hand] | None = None,
) -> None:
    """Serve by several workers until a signal; returns after a clean end.

    SIGHUP has all workers read again what can change, SIGUSR2 replaces them one by one.

    Args:
        settings: The configuration.
        home: Folder to lock.
        command: Program and arguments of a worker, all but its number and its channel.
        keep: Gets what workers cannot come to by themselves, and returns what hands it over.

    Raises:
        StartupFailed: It cannot start; nothing is bound or locked any more.
        WorkerFailed: A worker has ended before it served, and has said why.
    """
    with ExitStack() as held:
        configure_logging(settings.log.level, sys.stderr)
        log_unhandled()
        held.callback(flush_logging)
        held.enter_context(Home(home).lock())
        held.enter_context(store_lock(settings.store))
        ports = reserve(settings.listen, held)
        if settings.listen.http is not None:
            ensure_free(settings.listen.http, "listen.http")
        hand = keep(held) if keep else None
        launch = partial(start_member, _worker(command, settings, ports), hand=hand)
        asyncio.run(_run(settings, ports, launch, held))
    _log.info("stopped")


def _worker(command: Sequence[str], settings: Settings, ports: Ports) -> list[str]:
    """Return the command of a worker: the addresses are decided, and the probes are ours."""
    api_keys = f"listen.api_keys={ports.api_keys or ''}"
    count = str(settings.workers.count)
    where = ("--set", api_keys, "--tcp", str(ports.tcp or ""), "--http", "")
    return [*command, *where, "--workers", count]


async def _run(settings: Settings, ports: Ports, launch: Launch, held: ExitStack) -> None:
    await _Supervisor(settings, ports, launch).run(held)


class _Supervisor:
    """What runs in the loop.

    Args:
        settings: The configuration.
        ports: Where workers listen.
        launch: Starts a worker, by its number.
    """

    def __init__(self, settings: Settings, ports: Ports, launch: Launch) -> None:
        self._settings = settings
        self._ports = ports
        self._beat = time.monotonic()
        grace = settings.shutdown.grace.total_seconds()
        self._crew = Crew(launch, settings.workers.count, grace)

    async def run(self, held: ExitStack) -> None:
        """Run until a signal; ``held`` takes what has to outlive the workers' end."""
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ended.set)
        beating = asyncio.create_task(self._keep_beating())
        ending = asyncio.create_task(ended.wait())
        try:
            beginning = asyncio.create_task(self._crew.begin())
            await asyncio.wait({beginning, ending}, return_when=asyncio.FIRST_COMPLETED)
            if ended.is_set():
                beginning.cancel()
                return
            beginning.result()
            loop.add_signal_handler(signal.SIGHUP, self._crew.reload)
            loop.add_signal_handler(signal.SIGUSR2, self._crew.roll)
            self._announce(self._probes(held))
            reasons: list[asyncio.Future[Any]] = [ending, self._crew.broken]
            await asyncio.wait(reasons, return_when=asyncio.FIRST_COMPLETED)
            _log.info("stopping")
            if self._crew.broken.done():
                self._crew.broken.result()
        finally:
            await self._crew.stop()
            beating.cancel()

    async def _keep_beating(self) -> None:
        while True:
            self._beat = time.monotonic()
            await asyncio.sleep(_BEAT)

    def _probes(self, held: ExitStack) -> str | None:
        """Serve health and metrics on a thread; return where."""
        where = self._settings.listen.http
        if where is None:
            return None
        loop = asyncio.get_running_loop()
        probes = ProbeServer(
            where.address,
            where.port,
            live=lambda: time.monotonic() - self._beat < _HANGS,
            ready=lambda: self._crew.ready,
            metrics=partial(self._metrics, loop),
        )
        held.callback(probes.stop)
        try:
            return where.at(probes.start())
        except OSError as exc:
            raise AddressInUse(
                "the address of the probes cannot be bound", "choose another listen.http"
            ) from exc

    def _metrics(self, loop: asyncio.AbstractEventLoop) -> bytes:
        counted = asyncio.run_coroutine_threadsafe(self._crew.count(), loop)
        crew = self._crew
        own = crew_families(serving=crew.serving, ready=crew.ready, restarts=crew.restarts)
        return exposed([*counted.result(_COUNTING), *own])

    def _announce(self, http: str | None) -> None:
        tcp, api_keys = self._ports.tcp, self._ports.api_keys
        addresses = {
            "tcp": tcp and str(tcp),
            "unix": None,
            "api_keys": api_keys and str(api_keys),
            "http": http,
            "workers": self._settings.workers.count,
        }
        _log.info("serving", **addresses)
        flush_logging()  # what was wrong at the start stands in the log before this is said
        sys.stdout.write(json.dumps({"ready": True, **addresses}) + "\n")
        sys.stdout.flush()
