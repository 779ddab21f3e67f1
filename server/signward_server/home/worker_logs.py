"""Begins the audit logs of workers, and keeps the signed list of all logs of a home."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signward.audit.errors import AuditError
from signward.audit.folder import list_folder
from signward.audit.homes import folder_of, read_list
from signward.audit.listings import Listing, newest_listing
from signward.audit.log_list import FIRST, LIST_NAME, LogList, key_of, worker_folder
from signward.audit.merkle import EMPTY_ROOT
from signward.audit.reading import read_bodies
from signward.audit.replacing import replace_file
from signward.audit.segments import checkpoints_name

from signward_server.audit.checkpoint_key import CheckpointKey
from signward_server.core.startup import AuditRefused
from signward_server.home.auditing import begin
from signward_server.home.files import sync_folder, write_new

__all__ = ["ensure_listed"]

_LOCK = f"{LIST_NAME}.lock"
_PATIENCE = 30.0  # seconds for others who look at the list
_LOOK_EVERY = 0.05
_PUT_BACK = "put back what is missing, or begin new logs with `signward audit init`"


def ensure_listed(folder: Path, key: CheckpointKey, count: int) -> LogList:
    """Return the list of the logs of a home, in which all its workers' logs are.

    Missing ones are begun, and signed while they are empty: a log that is in the list and has no
    checkpoint was cut. Workers that start at one time do this one after the other.

    Args:
        folder: Of the first log.
        key: Its key.
        count: Number of the last worker.

    Raises:
        AuditRefused: The list cannot be used, is older than what the first log says, or a log of it
            is missing.
    """
    with _only(folder):
        try:
            found = _read(folder, key)
            missing = [
                name for name in map(worker_folder, range(count + 1)) if name not in found.folders
            ]
            if not missing:
                return found
            _ensure_newest(folder, found)
            for name in missing:
                if name != FIRST:
                    _begin(folder / name, key, f"{key.verifier.name}/{name}")
            listed = key.log_list([*found.folders, *missing])
            replace_file(folder / LIST_NAME, listed.note)
        except OSError as exc:
            raise AuditRefused(
                f"the list of audit logs in {folder} cannot be kept "
                f"({os.strerror(exc.errno or 0)})",
                "check the disk and the folder's owner",
            ) from exc
    return listed


def _read(folder: Path, key: CheckpointKey) -> LogList:
    """Return the list as it is, which names the first log at least; each of its logs is there."""
    try:
        found = read_list(folder, key.verifier) or LogList(key.verifier.name, (FIRST,))
    except AuditError as exc:
        raise AuditRefused(f"the list of audit logs in {folder} is none: {exc}", _PUT_BACK) from exc
    for name in found.folders:
        if not (folder / name).is_dir() or not list_folder(folder / name).segments:
            raise AuditRefused(f"the audit log {folder / name} is in the list, and gone", _PUT_BACK)
    return found


def _ensure_newest(folder: Path, found: LogList) -> None:
    """Return if the first log knows of no more logs than the list has."""
    try:
        said: Listing | None = newest_listing(list_folder(folder))
    except AuditError as exc:
        raise AuditRefused(
            f"the audit log in {folder} is damaged: {exc}", "see `signward audit verify`"
        ) from exc
    if said is not None and not said.is_of(found):
        raise AuditRefused(
            f"the list of audit logs in {folder} names {len(found)}, but the first log knows of "
            f"{said.logs}: an older list was put back",
            _PUT_BACK,
        )


def _begin(path: Path, key: CheckpointKey, origin: str) -> None:
    """Begin a log, signed; what a crash has left of that is begun again."""
    if not folder_of(path):
        begin(path, origin)
    elif not _is_unused(path):
        raise AuditRefused(
            f"the audit log in {path} has records, and is not in the list of logs",
            "find out where it comes from; move it away if it does not belong here",
        )
    signed = path / checkpoints_name(0)
    if not signed.exists():
        note = key.under(key_of(key.verifier, origin)).checkpoint(0, EMPTY_ROOT)
        write_new(signed, note + b"\n", 0o600)
        sync_folder(path)


def _is_unused(path: Path) -> bool:
    found = list_folder(path)
    return found.segments == (0,) and not any(read_bodies(found))


@contextmanager
def _only(folder: Path) -> Iterator[None]:
    """Hold the lock of the list for the length of a block."""
    end = time.monotonic() + _PATIENCE
    try:
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise AuditRefused(
            f"the folder of the audit log, {folder}, cannot be used "
            f"({os.strerror(exc.errno or 0)})",
            _PUT_BACK,
        ) from exc
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as exc:
                if time.monotonic() > end:
                    raise AuditRefused(
                        f"the list of audit logs in {folder} is held by another process",
                        "look for a process that hangs",
                    ) from exc
                time.sleep(_LOOK_EVERY)
        yield
    finally:
        os.close(descriptor)
