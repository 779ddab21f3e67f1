"""Finds a native library inside an installed package and checks its digest (S25)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path

__all__ = ["NativeLibraryError", "checked", "locate"]


class NativeLibraryError(Exception):
    """A native library cannot be used; the text says why and what to do.

    Raised while the daemon starts, before there is a caller, so it is outside the tree
    of ``core.errors``.
    """


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
        raise NativeLibraryError(
            f"{package}.{module} is not installed; install signward[server] again"
        )
    return Path(spec.origin)


def checked(path: Path, known: Collection[str], accepted: Collection[str]) -> Path:
    """Return the path if its content is known or was accepted by the operator.

    The committed table is the check. The RECORD of the installed package would prove
    nothing: whoever replaces the library can replace it too. Whoever can write there can
    also replace this code, so the check is no defence against that; it finds a damaged
    file, another build than the tested one, and a wheel that was tampered with on its way.

    Args:
        path: The library.
        known: SHA-256 digests of the pinned wheels, lower-case hex.
        accepted: Digests that the operator takes besides, for example a distribution's.

    Raises:
        NativeLibraryError: The file cannot be read, or its digest is in neither set.
    """
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as exc:
        raise NativeLibraryError(f"{path} cannot be read") from exc
    if digest not in known and digest not in {each.lower() for each in accepted}:
        raise NativeLibraryError(
            f"{path} is not the library of a pinned wheel (SHA-256 {digest}): install the "
            "versions of requirements.lock, or add this digest to custody.native_digests "
            "if this build is meant"
        )
    return path
