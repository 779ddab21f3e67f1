"""Homes of earlier releases, unpacked and given certificates of today."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path
from typing import Any, Final

from tests.running.homes import Home
from tests.upgrades.making import FOLDER

__all__ = ["KEPT", "facts_of", "unpacked"]

KEPT: Final = sorted(path.name.split(".")[0] for path in FOLDER.glob("home_*.tar.gz"))


def facts_of(name: str) -> dict[str, Any]:
    """Return what is known of a home that was kept."""
    facts: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return facts


def unpacked(name: str, fresh: Home, path: Path) -> Home:
    """Unpack a home that was kept, with the certificates of a fresh one."""
    with tarfile.open(FOLDER / f"{name}.tar.gz") as archive:
        archive.extractall(path, filter="data")
    home = Home((path / "home").rename(path / name))
    home.path.chmod(0o700)
    for folder in ("tls", "clients"):
        shutil.copytree(fresh.path / folder, home.path / folder)
    return home
