"""Opens the log: takes its lock, recovers it, starts its threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from signward_server.audit.beginning import Place
from signward_server.audit.checkpoint_key import CheckpointKey
from signward_server.audit.checkpointing import Checkpointing, Signed
from signward_server.audit.clock_watch import ClockWatch
from signward_server.audit.continuing import Seen, ensure_continues
from signward_server.audit.cuts import forget_cuts
from signward_server.audit.encoding import Encoder
from signward_server.audit.failures import Budget, Failures
from signward_server.audit.files import Files, SystemFiles
from signward_server.audit.folder import Folder
from signward_server.audit.keeping import Bounds, Keeping
from signward_server.audit.locking import locked
from signward_server.audit.log import Log
from signward_server.audit.pace import Pace
from signward_server.audit.proving import Proving
from signward_server.audit.reading import Reading
from signward_server.audit.recovery import Recovered, recover
from signward_server.audit.retention import Keep, Retention
from signward_server.audit.rounds import Rounds
from signward_server.audit.settling import Settling
from signward_server.audit.tree import Tree
from signward_server.audit.writing import Writer
from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import AuditUnavailable
from signward_server.core.ports import Clock, Event, Meter
from signward_server.core.startup import AuditRefused, NotAdopted

__all__ = ["Options", "open_log"]

Durability = Literal["group", "sync", "async"]

_SYNC_EVERY = 0.05  # seconds, for `group`
_WRITE_EVERY = 0.01  # seconds, for `async`
_LOOK_EVERY = 1.0  # seconds
_UNSYNCED = {"group": 1.0, "sync": 3.0, "async": 3.0}  # seconds; 3: nobody waits, a round syncs


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a log is kept.

    Attributes:
        folder: Where.
        durability: What is done before an answer leaves: ``group``: written to the operating
            system, and brought to the disk every 50 ms; ``sync``: on the disk; ``async``:
            nothing, it is written within 10 ms.
        bounds: When segments end, and how much space is reserved.
        keep: How much is kept.
        budget: What failures may take of it.
        since: What it has to go on from.
    """

    folder: Path
    durability: Durability = "group"
    bounds: Bounds = field(default_factory=Bounds)
    keep: Keep = field(default_factory=Keep)
    budget: Budget = field(default_factory=Budget)
    since: Sequence[Seen] = ()


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
        NotAdopted: It does not go on from what was seen of it.
    """
    place = Place(files or SystemFiles(), Folder(options.folder))
    with ExitStack() as opened:
        opened.enter_context(locked(options.folder))
        try:
            found = recover(place, key, clock)
            _ensure_continues(found, options.since)
        except OSError as exc:
            raise AuditRefused(
                f"the audit log in {options.folder} cannot be used ({os.strerror(exc.errno or 0)})",
                "check the disk and the folder's owner",
            ) from exc
        log = _assembled(options, place, key, found, clock, meter, tend, opened.pop_all())
    for cut in found.cuts:
        log.note(AuditEvent.RECOVERED, cut)
    return log


def _ensure_continues(found: Recovered, since: Sequence[Seen]) -> None:
    try:
        for seen in since:
            ensure_continues(found.tree, seen)
    except (NotAdopted, OSError):
        found.segment.close()
        found.tree.close()
        raise


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
        pace=Pace(_UNSYNCED[options.durability]),
        on_failure=failed,
    )
    settling = Settling(writer)
    checkpointing = Checkpointing(
        place=place,
        writer=writer,
        settling=settling,
        tree=found.tree,
        key=key,
        signed=signed,
        clock=clock,
    )
    failures = Failures(encoder, options.budget)
    keeping = Keeping(
        writer=writer,
        settling=settling,
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
        cuts=len(found.cuts),
        forget_cuts=lambda: forget_cuts(place),
        first=place.folder.segments()[0],
    )
    reading = Reading(place, writer)
    threads = [
        Rounds("audit", _LOOK_EVERY, keeping.look),
        *_writing(options.durability, writer, settling),
    ]
    closing.callback(_end, threads, keeping, settling, found.tree)
    for thread in threads:
        thread.start()
    return Log(
        name=key.verifier.name,
        verifier_key=str(key.verifier),
        encoder=encoder,
        writer=writer,
        settling=settling,
        failures=failures,
        keeping=keeping,
        threads=threads,
        signed=signed,
        reading=reading,
        proving=Proving(found.tree, signed, reading),
        is_synced=options.durability == "sync",
        closing=closing,
    )


def _end(threads: Sequence[Rounds], keeping: Keeping, settling: Settling, tree: Tree) -> None:
    """End the threads, sign what there is, close the files; nothing waits for a disk that hangs."""
    for thread in threads:
        thread.stop()
    if any(thread.alive for thread in threads):
        settling.abandon()
        return
    keeping.end()
    settling.close()
    tree.close()


def _writing(durability: Durability, writer: Writer, settling: Settling) -> list[Rounds]:
    """Return what brings records to the disk, or to the system, behind the callers' backs."""

    def sync() -> None:
        if writer.failure is None and settling.synced < writer.next:
            with suppress(AuditUnavailable):
                settling.sync(writer.next)

    def flush() -> None:
        if writer.failure is None and writer.written < writer.next:
            with suppress(AuditUnavailable):
                writer.flush()

    if durability == "sync":
        return []
    if durability == "async":
        return [Rounds("audit-writing", _WRITE_EVERY, flush)]
    return [Rounds("audit-syncing", _SYNC_EVERY, sync)]
