"""Opens the log: takes its lock, recovers it, starts its threads."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from signward_server.audit.beginning import Place
from signward_server.audit.checkpoint_key import CheckpointKey
from signward_server.audit.checkpointing import Checkpointing, Signed
from signward_server.audit.clock_watch import ClockWatch
from signward_server.audit.encoding import Encoder
from signward_server.audit.failures import Budget, Failures
from signward_server.audit.files import Files, SystemFiles
from signward_server.audit.folder import Folder
from signward_server.audit.keeping import Bounds, Keeping
from signward_server.audit.log import Log
from signward_server.audit.proving import Proving
from signward_server.audit.reading import Reading
from signward_server.audit.recovery import Recovered, recover
from signward_server.audit.retention import Keep, Retention
from signward_server.audit.rounds import Rounds
from signward_server.audit.writing import Writer
from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import AuditUnavailable
from signward_server.core.ports import Clock, Event, Meter
from signward_server.core.startup import AuditRefused

__all__ = ["Options", "open_log"]

Durability = Literal["group", "sync", "async"]

_SYNC_EVERY = 0.05  # seconds, for `group`
_WRITE_EVERY = 0.01  # seconds, for `async`
_LOOK_EVERY = 1.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a log is kept.

    Attributes:
        folder: Where.
        durability: What is done before an answer leaves: ``group``: written to the operating
            system, and on the disk within 50 ms; ``sync``: on the disk; ``async``: nothing,
            it is written within 10 ms.
        bounds: When segments end, and how much space is reserved.
        keep: How much is kept.
        budget: What failures may take of it.
    """

    folder: Path
    durability: Durability = "group"
    bounds: Bounds = field(default_factory=Bounds)
    keep: Keep = field(default_factory=Keep)
    budget: Budget = field(default_factory=Budget)


def open_log(
    options: Options,
    key: CheckpointKey,
    clock: Clock,
    meter: Meter,
    *,
    tend: Callable[[], int] = lambda: 0,
    files: Files | None = None,
) -> Log:
    """Open a log that exists, and begin to keep it.

    Args:
        options: How.
        key: Signs its checkpoints.
        clock: Time.
        meter: Is told how things are.
        tend: Looks after the uploads once a second; returns how many have failed since.
        files: The file system, unless it is the kernel's.

    Raises:
        AuditRefused: It cannot be used; says what to do.
    """
    place = Place(files or SystemFiles(), Folder(options.folder))
    with ExitStack() as opened:
        opened.enter_context(_locked(options.folder))
        try:
            found = recover(place, key, clock)
        except OSError as exc:
            raise AuditRefused(
                f"the audit log in {options.folder} cannot be used ({os.strerror(exc.errno or 0)})",
                "check the disk and the folder's owner",
            ) from exc
        opened.callback(found.tree.close)
        log = _assembled(options, place, key, found, clock, meter, tend, opened.pop_all())
    if found.cut:
        log.note(AuditEvent.RECOVERED, found.cut)
    return log


def _assembled(
    options: Options,
    place: Place,
    key: CheckpointKey,
    found: Recovered,
    clock: Clock,
    meter: Meter,
    tend: Callable[[], int],
    closing: ExitStack,
) -> Log:
    checkpoint = found.checkpoint
    signed = Signed(*((checkpoint.size, bytes(checkpoint.note)) if checkpoint else (0, b"")))

    def failed(step: str) -> None:
        meter.count(Event.AUDIT_FAILED, step)
        signed.look_again()

    began = clock.time() - clock.monotonic()
    encoder = Encoder(clock)
    writer = Writer(
        found.segment,
        found.tree.size,
        deferred=options.durability == "async",
        on_failure=failed,
    )
    checkpointing = Checkpointing(
        place=place, writer=writer, tree=found.tree, key=key, signed=signed, clock=clock
    )
    failures = Failures(encoder, options.budget)
    keeping = Keeping(
        writer=writer,
        checkpointing=checkpointing,
        signed=signed,
        failures=failures,
        encoder=encoder,
        watch=ClockWatch(clock, meter),
        retention=Retention(place, options.keep, lambda: began + clock.monotonic()),
        bounds=options.bounds,
        free=lambda: place.files.free(place.folder.path),
        tend=tend,
        clock=clock,
        meter=meter,
        first=place.folder.segments()[0],
    )
    reading = Reading(place, writer)
    threads = [Rounds("audit", _LOOK_EVERY, keeping.look), *_writing(options.durability, writer)]
    closing.callback(writer.close)
    closing.callback(keeping.end)
    for thread in threads:
        thread.start()
        closing.callback(thread.stop)
    return Log(
        name=key.verifier.name,
        verifier_key=str(key.verifier),
        encoder=encoder,
        writer=writer,
        failures=failures,
        keeping=keeping,
        threads=threads,
        signed=signed,
        reading=reading,
        proving=Proving(found.tree, signed, reading),
        is_synced=options.durability == "sync",
        closing=closing,
    )


def _writing(durability: Durability, writer: Writer) -> list[Rounds]:
    """Return what brings records to the disk, or to the system, behind the callers' backs."""

    def sync() -> None:
        if writer.failure is None and writer.synced < writer.next:
            with suppress(AuditUnavailable):
                writer.sync(writer.next)

    def flush() -> None:
        if writer.failure is None and writer.written < writer.next:
            with suppress(AuditUnavailable):
                writer.flush()

    if durability == "sync":
        return []
    if durability == "async":
        return [Rounds("audit-writing", _WRITE_EVERY, flush)]
    return [Rounds("audit-syncing", _SYNC_EVERY, sync)]


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a log: two writers would put their records into each other's."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as exc:
        raise AuditRefused(
            f"the folder of the audit log, {folder}, cannot be opened "
            f"({os.strerror(exc.errno or 0)})",
            "put it back, or begin a log with `signward audit init`",
        ) from exc
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise AuditRefused(
                f"the audit log in {folder} is in use by another process",
                "stop that one first; each daemon has a log of its own",
            ) from exc
        yield
    finally:
        os.close(descriptor)
