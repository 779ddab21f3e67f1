"""Opens the audit log from its section."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType

from signward_server.audit.checkpoint_key import CheckpointKey
from signward_server.audit.continuing import Seen
from signward_server.audit.keeping import Bounds
from signward_server.audit.log import Log
from signward_server.audit.opening import Options, open_log
from signward_server.audit.retention import Keep
from signward_server.audit.uploader import Uploader
from signward_server.config.schema import Audit
from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import AuditUnavailable
from signward_server.core.ports import Clock, Meter
from signward_server.core.startup import AuditRefused
from signward_server.core.workers import ALONE, Worker
from signward_server.home.auditing import begin
from signward_server.wiring.telemetry import installed_version

__all__ = ["log_options", "open_audit", "start_uploading"]


def start_uploading(section: Audit, opened: ExitStack) -> Uploader | None:
    """Have a process of its own take finished files away, if that is asked for.

    To be called before any key is loaded.

    Args:
        section: The configuration.
        opened: Takes what ends it.
    """
    if not section.upload:
        return None
    uploader = Uploader(section.folder, section.upload)
    opened.callback(uploader.close)
    return uploader


def open_audit(
    section: Audit,
    clock: Clock,
    meter: Meter,
    uploader: Uploader | None,
    opened: ExitStack,
    worker: Worker = ALONE,
    *,
    since: Sequence[Seen] = (),
    facts: Mapping[str, str | int] = MappingProxyType({}),
) -> Log:
    """Open the log, recovered from whatever a crash has left, and record that it goes on.

    Args:
        section: The configuration.
        clock: Time.
        meter: Is told how the log is.
        uploader: Takes finished files away, if that is asked for.
        opened: Takes what records the end, and closes the log.
        worker: Whose log it is.
        since: What it has to go on from.
        facts: What the record of the start says besides the release.

    Raises:
        AuditRefused: It is missing, damaged or another one; says what to do.
        NotAdopted: It does not go on from what was seen of it.
    """
    options = log_options(section, since, worker)
    _, origin = _place(section, worker)
    key = CheckpointKey.load(origin, section.checkpoint_key)
    tend = uploader.tend if uploader else lambda: 0
    log = open_log(options, key, clock, meter, tend=tend)
    opened.callback(log.close)
    log.note(AuditEvent.STARTED, {"version": installed_version(), **facts})
    with contextlib.suppress(AuditUnavailable):  # readiness says so
        log.checkpoint()  # over what a crash has left as well
    opened.callback(log.note, AuditEvent.STOPPED, {})
    return log


def log_options(section: Audit, since: Sequence[Seen], worker: Worker = ALONE) -> Options:
    """Return how a log is kept, from its section.

    Args:
        section: The configuration.
        since: What it has to go on from.
        worker: Whose log it is.

    Raises:
        AuditRefused: The home has no log.
    """
    if not section.origin:
        raise AuditRefused(
            "audit.origin is missing",
            "run `signward audit init`, which makes the audit log of this home",
        )
    folder, _ = _place(section, worker)
    return Options(
        folder=folder,
        durability=section.durability,
        bounds=Bounds(
            size=section.segment_size,
            age=section.segment_age.total_seconds(),
            reserve=section.reserve,
        ),
        keep=Keep(
            age=section.retention_age.total_seconds(),
            size=section.retention_size,
            uploaded=bool(section.upload),
        ),
        since=since,
    )


def _place(section: Audit, worker: Worker) -> tuple[Path, str]:
    """Return the folder and the name of a worker's log; a missing one is begun."""
    if not worker.number:
        return section.folder, section.origin
    name = f"worker-{worker.number}"
    folder, origin = section.folder / name, f"{section.origin}/{name}"
    if not folder.exists():
        begin(folder, origin)
    return folder, origin
