"""Homes with thousands of keys, made once and kept."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import signward_server

from tests.running.homes import ROOT, Home, environment
from tests.running.process import UNMEASURED

__all__ = ["stocked"]

_CACHE: Final = ROOT / "build" / "homes"
_PATIENCE: Final = 300.0


def stocked(pristine: Home, path: Path, number: int) -> Home:
    """Return a home with so many keys, half of each algorithm; made once and kept in build/."""
    cached = _CACHE / f"{number}-{_sources()}"
    with _alone():
        if not cached.exists():
            draft = pristine.copy(path.with_name(f"{path.name}-draft"))
            _fill(draft, number)
            shutil.rmtree(_CACHE, ignore_errors=True)
            for folder, name in ((draft.path, "home"), (draft.authority, "home-ca")):
                shutil.copytree(folder, cached.with_suffix(".draft") / name)
            cached.with_suffix(".draft").rename(cached)
        return Home(cached / "home").copy(path)


@contextmanager
def _alone() -> Iterator[None]:
    """Let no other test process into the cache."""
    _CACHE.parent.mkdir(exist_ok=True)
    with _CACHE.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sources() -> str:
    """Return a digest of what decides the form of a home."""
    digest = hashlib.sha256()
    folder = Path(str(signward_server.__file__)).parent
    for part in ("store", "custody", "home"):
        for file in sorted((folder / part).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _fill(home: Home, number: int) -> None:
    """Fill a home in a process that coverage does not slow down."""
    command = [sys.executable, "-m", "tests.running.filling", str(home.path), "0", str(number)]
    kept = environment(**UNMEASURED)
    subprocess.run(command, cwd=ROOT, env=kept, check=True, timeout=_PATIENCE)
