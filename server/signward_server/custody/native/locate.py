"""Finds a native library inside an installed package and checks its digest (S25)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from signward_server.core.startup import CustodyRefused

__all__ = ["INSTALL", "NativeLibraryError", "listed", "locate"]


INSTALL: Final = "install the versions of requirements.lock"


class NativeLibraryError(CustodyRefused):
    """A native library cannot be used."""


def locate(package: str, module: str) -> Path:
    """Return the file of an extension module without importing it or its package.

    Args:
        package: Import name of the package, ``nacl``.
        module: Name of the extension module in it, ``_sodium``.

    Raises:
        NativeLibraryError: The package or the module is not installed.
    """
    parent = find_spec(package)
    folders = parent.submodule_search_locations if parent else None
    spec = PathFinder.find_spec(f"{package}.{module}", folders) if folders else None
    if spec is None or spec.origin is None:
        raise NativeLibraryError(f"{package}.{module} is not installed", INSTALL)
    return Path(spec.origin)


def listed(path: Path, known: Collection[str]) -> bool:
    """Return whether the content of a library is that of a pinned wheel.

    The committed table is the check. The RECORD of the installed package would prove
    nothing: whoever replaces the library can replace it too. Whoever can write there can
    also replace this code, so the check is no defence against that; it finds a damaged
    file, another build than the published one, and a wheel changed on its way.

    Args:
        path: The library.
        known: SHA-256 digests of the library in the pinned wheels, lower-case hex.

    Raises:
        NativeLibraryError: The file cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() in known
    except OSError as exc:
        raise NativeLibraryError(f"{path} cannot be read: {exc.strerror}", INSTALL) from exc
