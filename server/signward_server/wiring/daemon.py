"""A daemon that is put together: its start and its end."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from signward_server.config import Settings
from signward_server.core.ports import Reloaded, ReloadPart
from signward_server.core.startup import (
    AddressInUse,
    ConfigurationRefused,
)
from signward_server.home.parts import translated
from signward_server.rpc.server import BindError, RpcServer
from signward_server.rpc.tls_files import TlsFileError
from signward_server.telemetry.families import Family
from signward_server.telemetry.logging import logging_alive
from signward_server.telemetry.metrics import Metrics
from signward_server.telemetry.probes import ProbeServer
from signward_server.wiring.health import Liveness, Readiness
from signward_server.wiring.reloading import Reloader
from signward_server.wiring.scheduling import EachSecond
from signward_server.wiring.watching import FileWatch

__all__ = ["Bound", "Daemon", "startup_errors"]

_SWITCH_INTERVAL = 0.0005  # seconds; Python's default is ten times that


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Where a daemon listens; ``None`` for what is off."""

    tcp: str | None
    unix: Path | None
    http: str | None
    api_keys: str | None


class Daemon:
    """A daemon that is ready to start.

    Args:
        settings: The configuration.
        server: The gRPC server.
        readiness: Whether a signature could be made now.
        liveness: Whether its threads do their work; those that start with it are added.
        metrics: What it counts.
        reloader: Reads again what can change while it runs.
        schedules: Does what has its time; it is stopped by whoever made it.
        closing: Closes every part, in the right order.
    """

    def __init__(
        self,
        settings: Settings,
        server: RpcServer,
        readiness: Readiness,
        liveness: Liveness,
        metrics: Metrics,
        reloader: Reloader,
        schedules: EachSecond,
        closing: ExitStack,
    ) -> None:
        self._settings = settings
        self._server = server
        self._readiness = readiness
        self._liveness = liveness
        self._metrics = metrics
        self._reloader = reloader
        self._schedules = schedules
        self._watch = FileWatch(reloader, settings.reload.interval.total_seconds())
        self._closing = closing

    def start(self) -> Bound:
        """Bind every listener and serve.

        Raises:
            AddressInUse: An address cannot be bound; nothing is left running.
        """
        _tune_interpreter()
        try:
            with startup_errors():
                return self._start()
        except BaseException:
            self.stop(0)
            raise

    def _start(self) -> Bound:
        listen = self._settings.listen
        tcp = http = api_keys = None
        if listen.tcp is not None:
            tcp = listen.tcp.at(self._server.listen_tcp(str(listen.tcp)))
        if listen.api_keys is not None:
            port = self._server.listen_api_keys(str(listen.api_keys))
            api_keys = listen.api_keys.at(port)
        if listen.unix is not None:
            self._server.listen_unix(listen.unix)
        if listen.http is not None:
            probes = ProbeServer(
                listen.http.address,
                listen.http.port,
                live=self._liveness,
                ready=self._readiness,
                metrics=self._metrics.render,
            )
            self._closing.callback(probes.stop)
            http = listen.http.at(_started(probes))
        self._watch.start()
        self._schedules.start()
        self._server.start()
        self._liveness.watch("file-watch", lambda: self._watch.alive)
        self._liveness.watch("schedules", lambda: self._schedules.alive)
        self._liveness.watch("serving", lambda: self._server.alive)
        self._liveness.watch("log", logging_alive)
        return Bound(tcp=tcp, unix=listen.unix, http=http, api_keys=api_keys)

    def reload(self, parts: Iterable[ReloadPart] = ()) -> Sequence[Reloaded]:
        """Read parts again, all unless some are named; what is refused is logged."""
        return self._reloader.reload(parts)

    @property
    def live(self) -> bool:
        """Whether every thread does its work that only a restart brings back."""
        return self._liveness()

    @property
    def ready(self) -> bool:
        """Whether a signature could be made now, and reach a caller."""
        return self._readiness()

    def measured(self) -> tuple[Family, ...]:
        """Return all metrics as they are now."""
        return self._metrics.snapshot()

    def leave(self, grace: float, last: Callable[[], object] = tuple) -> None:
        """End while others serve the same port: no call fails but streams, after ``grace``.

        Args:
            grace: Seconds.
            last: Called when the last call is answered, while all parts are still open.
        """
        self._end(lambda: self._server.leave(grace), last)

    def stop(self, grace: float) -> None:
        """Refuse new calls, finish running ones within ``grace`` seconds, wipe, close."""
        self._readiness.end()
        self._end(lambda: self._server.stop(grace))

    def _end(self, serving: Callable[[], None], last: Callable[[], object] = tuple) -> None:
        self._liveness.end()
        self._watch.stop()
        serving()
        last()
        self._closing.close()


def _tune_interpreter() -> None:
    """Keep what was loaded at start out of every later collection, and waiting threads awake.

    A full collection walks every key of the catalogue while all threads wait. A batch holds
    the interpreter for milliseconds; a waiting thread asks for it after this interval.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(_SWITCH_INTERVAL)


def _started(probes: ProbeServer) -> int:
    try:
        return probes.start()
    except OSError as exc:
        raise AddressInUse(
            "the address of the probes cannot be bound", "choose another listen.http"
        ) from exc


@contextmanager
def startup_errors() -> Iterator[None]:
    """Turn what the parts say into what an operator has to put right."""
    try:
        with translated():
            yield
    except TlsFileError as exc:
        raise ConfigurationRefused(str(exc), "") from exc
    except BindError as exc:
        raise AddressInUse(str(exc), "") from exc
