"""Puts spans and their export together from their section."""

from __future__ import annotations

import uuid
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from signward_server.config.schema import Telemetry
from signward_server.core.ports import Spans
from signward_server.core.workers import ALONE, Worker
from signward_server.telemetry.destination import Destination
from signward_server.telemetry.exporter import Exporter
from signward_server.telemetry.metrics import Metrics
from signward_server.telemetry.pump import Pump
from signward_server.telemetry.tracing import Tracing
from signward_server.telemetry.untraced import Untraced
from signward_server.wiring.health import Liveness

__all__ = ["installed_version", "start_telemetry"]


def start_telemetry(
    section: Telemetry,
    metrics: Metrics,
    liveness: Liveness,
    opened: ExitStack,
    worker: Worker = ALONE,
) -> Spans:
    """Return what takes spans; what exports them, and the metrics, runs from now on.

    To be called before any key is loaded and gRPC is used: it executes a process.

    Args:
        section: The configuration.
        metrics: What is counted; shows what becomes of the spans as well.
        liveness: Watches the thread that feeds it.
        opened: Takes what ends it, which takes a second at most.
        worker: Which of several processes it tells of.
    """
    if not section.endpoint:
        return Untraced()
    tracing = Tracing(section.sampling)
    exporter = Exporter(_destination(section, worker))
    pump = Pump(tracing, metrics, exporter, section.metrics_interval.total_seconds())
    pump.start()
    liveness.watch("telemetry", lambda: pump.alive)
    opened.callback(pump.close)
    return tracing


def _destination(section: Telemetry, worker: Worker) -> Destination:
    parts = urlsplit(section.endpoint)
    return Destination(
        target=parts.netloc,
        encrypted=parts.scheme == "https",
        ca=_text(section.ca),
        certificate=_text(section.certificate),
        private_key=_text(section.private_key),
        headers=_text(section.headers),
        timeout=section.timeout.total_seconds(),
        resource={
            "service.name": section.service_name,
            "service.version": installed_version(),
            "service.instance.id": str(uuid.uuid4()),
            **({} if worker.alone else {"signward.worker": str(worker.number)}),
            **dict(attribute.split("=", 1) for attribute in section.resource),
        },
    )


def _text(path: Path | None) -> str:
    return "" if path is None else str(path)


def installed_version() -> str:
    """Return the version of this installation, empty if it runs from its sources."""
    try:
        return version("signward")
    except PackageNotFoundError:
        return ""
