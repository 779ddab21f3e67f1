"""Opens the audit log from its section."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from types import MappingProxyType

from signward.audit.log_list import FIRST, key_of, worker_folder

from signward_server.audit.all_logs import AllLogs
from signward_server.audit.checkpoint_key import CheckpointKey
from signward_server.audit.continuing import Seen
from signward_server.audit.keeping import Bounds
from signward_server.audit.log import Log
from signward_server.audit.opening import Options, open_log
from signward_server.audit.pinning import Pinning
from signward_server.audit.retention import Keep
from signward_server.audit.uploader import Uploader
from signward_server.config.schema import Audit
from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import AuditUnavailable
from signward_server.core.ports import Clock, Meter
from signward_server.core.startup import AuditRefused
from signward_server.core.workers import ALONE, Worker
from signward_server.home.worker_logs import ensure_listed
from signward_server.wiring.telemetry import installed_version

__all__ = ["log_options", "open_audit", "start_uploading"]


def start_uploading(section: Audit, opened: ExitStack, worker: Worker = ALONE) -> Uploader | None:
    """Have a process of its own take finished files away, if that is asked for.

    To be called before any key is loaded.

    Args:
        section: The configuration.
        opened: Takes what ends it.
        worker: Whose log it takes away.
    """
    if not section.upload:
        return None
    uploader = Uploader(section.folder / worker_folder(worker.number), section.upload)
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
) -> tuple[Log, AllLogs]:
    """Open the log, recovered from whatever a crash has left, and record that it goes on.

    Args:
        section: The configuration.
        clock: Time.
        meter: Is told how the log is.
        uploader: Takes finished files away, if that is asked for.
        opened: Takes what records the end, and closes the log.
        worker: Whose log it is.
        since: What the first log has to go on from.
        facts: What the record of the start says besides the release.

    Returns:
        The log, and all logs of the home for those who read them.

    Raises:
        AuditRefused: It is missing, damaged or another one; says what to do.
        NotAdopted: It does not go on from what was seen of it.
    """
    options = log_options(section, since, worker)
    first = CheckpointKey.load(section.origin, section.checkpoint_key)
    if not worker.alone:
        ensure_listed(section.folder, first, max(worker.number, worker.count))
    key = first.under(key_of(first.verifier, _origin(section, worker)))
    pins: list[Pinning] = []

    def tend() -> int:
        for pinning in pins:
            pinning.look()
        return uploader.tend() if uploader else 0

    log = open_log(options, key, clock, meter, tend=tend)
    opened.callback(log.close)
    logs = AllLogs(log, section.folder, first.verifier)
    log.note(AuditEvent.STARTED, {"version": installed_version(), **facts})
    if not worker.number:
        pins.append(Pinning(log, logs, section.folder, clock))
        pins[0].look()
    with contextlib.suppress(AuditUnavailable):  # readiness says so
        log.checkpoint()  # over what a crash has left as well
    opened.callback(log.note, AuditEvent.STOPPED, {})
    return log, logs


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
    return Options(
        folder=section.folder / worker_folder(worker.number),
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
        since=() if worker.number else since,
    )


def _origin(section: Audit, worker: Worker) -> str:
    """Return the name of a worker's log."""
    folder = worker_folder(worker.number)
    return section.origin if folder == FIRST else f"{section.origin}/{folder}"
