"""Makes an audit log, and the key that signs its checkpoints."""

from __future__ import annotations

import os
from pathlib import Path

from signward_server.audit.beginning import Place, begin_log
from signward_server.audit.checkpoint_key import CheckpointKey, new_private_key
from signward_server.audit.files import SystemFiles
from signward_server.audit.folder import Folder
from signward_server.core.startup import ConfigurationRefused
from signward_server.home.files import make_folder, sync_folder, write_new

__all__ = ["begin", "public_file", "write_audit"]


def public_file(key: Path) -> Path:
    """Return where the public half of a key is written: a vkey of C2SP, one line."""
    return key.with_suffix(".pub")


def write_audit(folder: Path, key: Path, origin: str) -> str:
    """Begin a log in a new folder; a key that is there is used, a missing one is made.

    Args:
        folder: Of the log; must not exist.
        key: File of the private key.
        origin: Name of the log.

    Returns:
        The public key, as ``audit verify`` takes it.

    Raises:
        AuditRefused: The key cannot be used.
        ConfigurationRefused: Something cannot be made.
    """
    try:
        if not key.exists():
            write_new(key, new_private_key(), 0o600)
        verifier = str(CheckpointKey.load(origin, key).verifier)
        public = public_file(key)
        draft = public.with_name(f".{public.name}")
        draft.unlink(missing_ok=True)
        write_new(draft, f"{verifier}\n".encode(), 0o644)
        draft.replace(public)
        begin(folder, origin)
    except OSError as exc:
        raise ConfigurationRefused(
            f"{exc.filename or folder} cannot be made ({os.strerror(exc.errno or 0)})",
            "correct this and try again",
        ) from exc
    return verifier


def begin(folder: Path, origin: str) -> None:
    """Begin a log in a new folder, whole or not at all."""
    draft = folder.with_name(f".{folder.name}-draft")
    for path in draft.glob("*.log"):
        path.unlink()
    if draft.exists():
        draft.rmdir()
    make_folder(draft, 0o700)
    begin_log(Place(SystemFiles(), Folder(draft)), origin)
    draft.rename(folder)
    sync_folder(folder.parent)
