"""Runs the daemon: lock, addresses, start, ready line, wait, stop."""

from __future__ import annotations

import json
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import structlog

from signward_server.cli.signals import ENDS, noted_signals
from signward_server.config import ConfigurationError, Settings
from signward_server.core.clock import SystemClock
from signward_server.home.checks import check_machine
from signward_server.home.layout import Home
from signward_server.home.listeners import clear_socket, ensure_free, prepare_folder
from signward_server.home.lock import FileLock
from signward_server.home.store_lock import store_lock
from signward_server.telemetry.logging import configure_logging, flush_logging, log_unhandled
from signward_server.wiring import Bound, Daemon, SettingsSource

__all__ = ["run"]


def run(
    settings: Settings,
    source: SettingsSource,
    home: Path,
    put_together: Callable[[Settings, SettingsSource], Daemon],
) -> None:
    """Serve until a signal; returns after a clean end. SIGHUP reads again what can change.

    Args:
        settings: The configuration.
        source: Where it came from.
        home: Folder to lock.
        put_together: Makes the daemon; opens custody and store.

    Raises:
        StartupFailed: It cannot start; nothing is bound or locked any more.
    """
    with noted_signals() as signals, ExitStack() as held:
        if problems := check_machine(settings, home, SystemClock()):
            raise ConfigurationError(problems)
        configure_logging(settings.log.level, sys.stderr)
        log_unhandled()
        held.callback(flush_logging)  # before a failure to start is said
        held.enter_context(Home(home).lock())
        held.enter_context(store_lock(settings.store))
        _claim(settings, held)
        daemon = put_together(settings, source)
        bound = daemon.start()
        held.callback(daemon.stop, settings.shutdown.grace.total_seconds())
        _announce(bound)
        _wait(signals, daemon)
        structlog.get_logger(__name__).info("stopping")
    structlog.get_logger(__name__).info("stopped")


def _claim(settings: Settings, held: ExitStack) -> None:
    """Make sure that every address is free, and that the socket stays ours."""
    listen = settings.listen
    if listen.tcp is not None:
        ensure_free(listen.tcp, "listen.tcp")
    if listen.api_keys is not None:
        ensure_free(listen.api_keys, "listen.api_keys")
    if listen.http is not None:
        ensure_free(listen.http, "listen.http")
    if listen.unix is not None:
        prepare_folder(listen.unix.parent)
        lock = listen.unix.with_name(f"{listen.unix.name}.lock")
        held.enter_context(FileLock(lock, f"the socket {listen.unix}"))
        clear_socket(listen.unix)


def _wait(signals: socket.socket, daemon: Daemon) -> None:
    while (number := signals.recv(1)[0]) not in ENDS:
        if number == signal.SIGHUP:
            daemon.reload()


def _announce(bound: Bound) -> None:
    unix = None if bound.unix is None else str(bound.unix)
    addresses = {
        "tcp": bound.tcp,
        "unix": unix,
        "api_keys": bound.api_keys,
        "http": bound.http,
    }
    structlog.get_logger(__name__).info("serving", **addresses)
    flush_logging()  # what was wrong at the start stands in the log before this is said
    print(json.dumps({"ready": True, **addresses}), flush=True)
