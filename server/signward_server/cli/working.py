"""Runs a worker: starts as its supervisor says, tells it how things are, ends with it."""

from __future__ import annotations

import selectors
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import structlog

from signward_server.cli.signals import ENDS, noted_signals
from signward_server.config import ConfigurationError, Settings
from signward_server.core.clock import SystemClock
from signward_server.core.workers import Worker
from signward_server.home.checks import check_machine
from signward_server.supervisor import Link, LinkClosed
from signward_server.supervisor.messages import (
    UNASKED,
    Counted,
    CountNow,
    FromSupervisor,
    Leave,
    Outcome,
    Pulse,
    Ready,
    Reload,
    ReloadedHere,
)
from signward_server.telemetry.logging import configure_logging, flush_logging, log_unhandled
from signward_server.wiring import Daemon, SettingsSource

__all__ = ["work"]

_PULSE = 0.25  # seconds
_ORPHANED = 0.5  # seconds for running calls when there is no supervisor any more


def work(
    settings: Settings,
    source: SettingsSource,
    home: Path,
    worker: Worker,
    link: Link,
    put_together: Callable[[Settings, SettingsSource], Daemon],
) -> None:
    """Serve until a signal, or until the supervisor says so or has ended.

    Args:
        settings: The configuration, as far as it is this worker's.
        source: Where it came from.
        home: Folder that the supervisor has locked.
        worker: Which one this is.
        link: To the supervisor.
        put_together: Makes the daemon; opens custody and store.

    Raises:
        StartupFailed: It cannot start; nothing is bound or locked any more.
    """
    log = structlog.get_logger(__name__)
    with noted_signals() as signals, ExitStack() as held:
        if problems := check_machine(settings, home, SystemClock()):
            raise ConfigurationError(problems)
        configure_logging(settings.log.level, sys.stderr, {"worker": worker.number})
        log_unhandled()
        held.callback(flush_logging)
        daemon = put_together(settings, source)
        daemon.start()
        duty = _Duty(daemon, link, signals, settings.shutdown.grace.total_seconds())
        held.callback(duty.end)
        duty.run()
        log.info("stopping")
    log.info("stopped")


class _Duty:
    """What a worker does beside serving, on the main thread.

    Args:
        daemon: Serves.
        link: To the supervisor.
        signals: Has a byte for each signal.
        grace: Seconds for running calls at the end.
    """

    def __init__(self, daemon: Daemon, link: Link, signals: socket.socket, grace: float) -> None:
        self._daemon = daemon
        self._link = link
        self._signals = signals
        self._end: Callable[[], None] = lambda: daemon.stop(grace)
        self._grace = grace
        self._going_on = True

    def run(self) -> None:
        """Return when it is time to end."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._signals, selectors.EVENT_READ, self._signalled)
            selector.register(self._link, selectors.EVENT_READ, self._told)
            try:
                self._link.send(Ready())
                while self._going_on:
                    self._link.send(Pulse(live=self._daemon.live, ready=self._daemon.ready))
                    for key, _ in selector.select(_PULSE):
                        key.data()
            except LinkClosed:
                self._end = lambda: self._daemon.stop(_ORPHANED)

    def end(self) -> None:
        """End in the way that fits the reason."""
        self._end()

    def _signalled(self) -> None:
        number = self._signals.recv(1)[0]
        if number in ENDS:
            self._going_on = False
        elif number == signal.SIGHUP:
            self._apart(self._daemon.reload)

    def _told(self) -> None:
        for message in self._link.receive():
            self._do(message)

    def _do(self, message: FromSupervisor) -> None:
        match message:
            case CountNow(asked=asked):
                self._count(asked)
            case Reload():
                self._apart(lambda: self._reload(message))
            case Leave():
                self._going_on = False
                self._end = lambda: self._daemon.leave(self._grace, self._count_for_good)
            case _:  # answers to reloads went to whoever waits for them
                return

    def _count(self, asked: int) -> None:
        families = tuple(family.packed() for family in self._daemon.measured())
        self._link.send(Counted(asked=asked, families=families))

    def _count_for_good(self) -> None:
        with suppress(LinkClosed):
            self._count(UNASKED)

    def _reload(self, message: Reload) -> None:
        results = self._daemon.reload(message.parts)
        outcomes = tuple(map(Outcome.of, results))
        self._link.send(ReloadedHere(asked=message.asked, outcomes=outcomes))

    def _apart(self, task: Callable[[], object]) -> None:
        """Do what may take long on a thread of its own: the supervisor hears us meanwhile."""

        def run() -> None:
            try:
                task()
            except LinkClosed:  # the main thread finds that out too
                return

        threading.Thread(target=run, name="reload", daemon=True).start()
