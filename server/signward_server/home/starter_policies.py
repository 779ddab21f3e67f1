"""The policies that a new home starts with, and the table that tests them."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

from signward_server.core.startup import ConfigurationRefused
from signward_server.home.files import make_folder, sync_folder, write_new

__all__ = ["STARTER_GROUPS", "write_starter"]

STARTER_GROUPS = {"admins": ["cn:admin"]}
"""The groups that the starter policies name, as ``init`` configures them."""

_NAMES = ("starter.cedar", "starter.test.yaml")
_PARTS = "starter"


def write_starter(folder: Path) -> tuple[Path, ...]:
    """Make a folder, or fill an empty one, with the starter policies; return their files.

    Raises:
        ConfigurationRefused: Something is in it already, or it cannot be written.
    """
    try:
        if folder.is_symlink() or not folder.is_dir():
            make_folder(folder, 0o700)
        elif any(folder.iterdir()):
            raise ConfigurationRefused(
                f"{folder} is not empty; nothing in it was touched",
                "choose another folder, or move away what is there",
            )
        source = files(__package__) / _PARTS
        for name in _NAMES:
            write_new(folder / name, (source / name).read_bytes(), 0o600)
        sync_folder(folder)
    except FileExistsError as exc:
        raise ConfigurationRefused(
            f"{exc.filename} exists; it was not touched", "choose another folder"
        ) from exc
    except OSError as exc:
        raise ConfigurationRefused(
            f"{folder} cannot be written ({os.strerror(exc.errno or 0)})", "correct this"
        ) from exc
    return tuple(folder / name for name in _NAMES)
