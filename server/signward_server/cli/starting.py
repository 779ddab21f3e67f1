"""The three ways in which ``signward serve`` starts: alone, as a supervisor, as its worker.

What a supervisor must not import, gRPC and whatever touches keys, is imported by the others
when they start.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import typer

from signward_server.cli.hardening import advise, die_with_parent
from signward_server.config import Settings
from signward_server.config.custody import Envelope
from signward_server.config.replaced import take_api_key
from signward_server.config.sharing import share
from signward_server.core.startup import ConfigurationRefused, ExitCode
from signward_server.core.workers import Worker
from signward_server.home.kek_access import KekAccess

__all__ = ["Start"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What all three start with.

    Attributes:
        home: Folder of the daemon.
        file: Its configuration.
        load: Reads the settings, again and again.
        kek: How it comes to its KEK.
        development: Whether nothing real is at stake.
    """

    home: Path
    file: Path
    load: Callable[[], Settings]
    kek: KekAccess
    development: bool

    def alone(self, settings: Settings) -> None:
        """Serve in this process."""
        from signward_server.cli.serving import run
        from signward_server.wiring import Daemon, Process, SettingsSource, build

        process = Process(home=self.home, api_key=take_api_key(os.environ), kek=self.kek)

        def put_together(known: Settings, source: SettingsSource) -> Daemon:
            daemon = build(known, source, process)
            if not self.development:
                advise(known)
            return daemon

        run(settings, SettingsSource(self.load, self.file), self.home, put_together)

    def supervised(self, settings: Settings) -> None:
        """Serve by workers: this program again, with more options each.

        Raises:
            typer.Exit: A worker did not start; it has said why.
        """
        from signward_server.supervisor import WorkerFailed, supervise

        command = [sys.executable, *sys.orig_argv[1:]]
        try:
            supervise(settings, self.home, command, self._keep(settings.custody.envelope))
        except WorkerFailed as failed:
            if failed.code in {*ExitCode} - {ExitCode.OK}:
                raise typer.Exit(failed.code) from None
            raise ConfigurationRefused(str(failed), "see what it has logged") from failed

    def _keep(self, section: Envelope) -> Callable[[ExitStack], Callable[[], int]] | None:
        """Return what keeps the KEK for workers; ``None`` if they come to it by themselves."""
        if section.kek_source != "passphrase":
            return None
        from signward_server.cli.kek_keeping import keep_kek

        return partial(keep_kek, section, self.kek)

    def as_worker(self, number: int, channel: int) -> None:
        """Serve as one of the workers of a supervisor.

        Args:
            number: Which one.
            channel: Descriptor of the socket to the supervisor.

        Raises:
            ConfigurationRefused: There is no supervisor, which holds the home's lock.
        """
        die_with_parent()
        from signward_server.cli.working import work
        from signward_server.supervisor import Link, LinkClosed
        from signward_server.wiring import Daemon, Process, SettingsSource, build

        api_key = take_api_key(os.environ)
        link = Link(channel)
        try:
            link.ensure_open()  # it may have died before it could take this process along
        except LinkClosed as exc:
            raise ConfigurationRefused(
                "the supervisor of this worker has ended", "start `signward serve` again"
            ) from exc
        settings = self.load()
        worker = Worker(number, settings.workers.count)
        process = Process(home=self.home, api_key=api_key, kek=self.kek, worker=worker, others=link)

        def put_together(known: Settings, source: SettingsSource) -> Daemon:
            daemon = build(known, source, process)
            if not self.development and not number:
                advise(known)
            return daemon

        source = SettingsSource(lambda: share(self.load()), self.file)
        work(share(settings), source, self.home, worker, link, put_together)
