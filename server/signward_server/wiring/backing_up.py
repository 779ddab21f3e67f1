"""Makes and opens archives of homes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Final

from signward.audit.errors import AuditError
from signward.audit.verifier_keys import parse_verifier_key
from signward.audit.whole import verify_home

from signward_server.audit.checkpoint_key import CheckpointKey
from signward_server.config import Settings
from signward_server.config.schema import Envelope
from signward_server.core.ports import Clock
from signward_server.core.startup import BackupRefused
from signward_server.custody.envelope import ArchiveKey, Kek
from signward_server.custody.memory import LockedMemory
from signward_server.custody.native import load_native
from signward_server.custody.native.sodium import Sodium
from signward_server.home.backup.contents import contents_of
from signward_server.home.backup.drafts import draft_folder
from signward_server.home.backup.reading import Manifest, open_archive, unpack
from signward_server.home.backup.writing import write_archive
from signward_server.home.files import sync_folder, write_new
from signward_server.home.instance import RESTORED
from signward_server.home.kek import kek_provider
from signward_server.home.kek_access import KekAccess
from signward_server.home.layout import Home
from signward_server.home.parts import translated
from signward_server.home.sealing import refuse_unfinished_rotation
from signward_server.home.store_place import store_place
from signward_server.store import StoreAddress, check_snapshot, open_store, take_snapshot
from signward_server.wiring.telemetry import installed_version

__all__ = ["back_up", "restore", "verify"]

_MEMORY: Final = 256 * 1024  # bytes of locked memory: a few keys


def back_up(
    settings: Settings, home: Path, file: Path, out: Path, clock: Clock, access: KekAccess
) -> tuple[Manifest, int]:
    """Write an archive of a home; its daemon may be running.

    Args:
        settings: The configuration.
        home: The folder.
        file: That the configuration comes from.
        out: The archive; nothing may have that name.
        clock: Dates it.
        access: How this process comes to the KEK.

    Returns:
        What it says of itself, and its size in bytes.

    Raises:
        StartupFailed: It cannot be made; nothing was left behind.
    """
    if os.path.lexists(out):
        raise BackupRefused(f"{out} exists; it was not touched", "name another file")
    with (
        _drafts(out.parent) as drafts,
        _opened(settings.custody.envelope, access) as (sodium, memory, kek),
    ):
        store = None
        if not settings.store.url:
            store = (_within(settings.store.path, home), drafts / "store")
            take_snapshot(settings.store.path, store[1])
            store[1].chmod(0o600)
        _refuse_two_keks(store[1] if store else store_place(settings.store), clock)
        contents = contents_of(settings, home, file)
        log = settings.audit.folder
        is_inside = log.is_relative_to(home)
        key = CheckpointKey.load(settings.audit.origin, settings.audit.checkpoint_key)
        manifest = Manifest(
            created=clock.now().isoformat(timespec="seconds"),
            release=installed_version(),
            store=store[0] if store else "",
            log=_within(log, home) if is_inside else "",
            verifier=str(key.verifier),
            left_out=list(contents.left_out) + ([] if store else ["store.url"]),
        )
        archive = ArchiveKey.fresh(sodium, memory, kek)
        try:
            size = write_archive(
                drafts / "archive", out, archive, asdict(manifest), store, contents
            )
        finally:
            archive.close()
    return manifest, size


def verify(path: Path, section: Envelope, access: KekAccess) -> Manifest:
    """Check an archive as a restore does, in a folder beside it.

    Raises:
        StartupFailed: It could not be restored.
    """
    with _drafts(path.parent) as drafts, _unpacked(path, section, access, drafts) as found:
        return found


def restore(path: Path, home: Path, section: Envelope, access: KekAccess) -> Manifest:
    """Make a home of an archive; it is complete, or not there, and asks to be adopted.

    Args:
        path: The archive.
        home: The new folder; nothing, or an empty folder, may be there.
        section: Where the KEK is.
        access: How this process comes to it.

    Raises:
        StartupFailed: It cannot be made; nothing was left behind.
    """
    if home.is_symlink() or (home.exists() and not _is_empty_folder(home)):
        raise BackupRefused(f"{home} exists; nothing in it was touched", "choose another folder")
    with _drafts(home.parent) as drafts, _unpacked(path, section, access, drafts) as found:
        write_new(Home(drafts / "home").instance, RESTORED, 0o600)
        sync_folder(drafts / "home")
        (drafts / "home").rename(home)
        sync_folder(home.parent)
        return found


def _refuse_two_keks(place: Path | StoreAddress, clock: Clock) -> None:
    """Return unless it would take two KEKs to open what is in a store (S22)."""
    store = open_store(place, clock, upgrade=False)
    try:
        refuse_unfinished_rotation(store.rekeying())
    finally:
        store.close()


@contextmanager
def _unpacked(path: Path, section: Envelope, access: KekAccess, drafts: Path) -> Iterator[Manifest]:
    folder = drafts / "home"
    folder.mkdir(mode=0o700)
    with (
        _opened(section, access) as (sodium, memory, kek),
        open_archive(path, sodium, memory, kek) as archive,
    ):
        manifest = unpack(archive, folder)
        if manifest.store:
            check_snapshot(folder / manifest.store)
        if manifest.log:
            _check_log(folder / manifest.log, manifest.verifier)
        yield manifest


def _check_log(folder: Path, verifier: str) -> None:
    try:
        report = verify_home(folder, parse_verifier_key(verifier), processes=1)
    except AuditError as exc:
        raise BackupRefused(f"the audit log in the archive is none: {exc}", "") from exc
    if not report.intact:
        findings = chain(report.findings, *(log.findings for log in report.logs))
        finding = next(each for each in findings if each.severity == "error")
        raise BackupRefused(
            f"the audit log in the archive is not intact ({finding.kind}: {finding.text})",
            "see docs/operations.md, When verification fails; take an older archive",
        )


@contextmanager
def _opened(section: Envelope, access: KekAccess) -> Iterator[tuple[Sodium, LockedMemory, Kek]]:
    with ExitStack() as opened, translated():
        native = load_native(allow_unlisted=section.allow_unlisted_libraries)
        memory = LockedMemory(native.sodium, _MEMORY)
        opened.callback(memory.close)
        kek = kek_provider(section, native.sodium, access).load(memory)
        opened.callback(kek.close)
        yield native.sodium, memory, kek


@contextmanager
def _drafts(place: Path) -> Iterator[Path]:
    try:
        with draft_folder(place) as folder:
            yield folder
    except OSError as exc:
        raise BackupRefused(
            f"{exc.filename or place} cannot be read or written ({os.strerror(exc.errno or 0)})",
            "nothing was left behind; correct this and try again",
        ) from exc


def _within(path: Path, home: Path) -> str:
    try:
        return str(path.relative_to(home))
    except ValueError as exc:
        raise BackupRefused(
            f"{path} lies outside of the home {home}", "name the home (--home)"
        ) from exc


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and next(path.iterdir(), None) is None
