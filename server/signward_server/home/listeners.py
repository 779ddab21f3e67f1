"""Makes sure that an address is free before it is bound: a living listener is never displaced.

grpc would share a TCP port silently and replace a Unix socket that is in use (S41).
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path

from signward_server.config import Endpoint
from signward_server.core.startup import AddressInUse

__all__ = ["clear_socket", "ensure_free", "prepare_folder"]

_WAIT = 1.0
_FOLDER_MODE = 0o750
_GONE = (errno.ECONNREFUSED, errno.ENOENT)


def ensure_free(endpoint: Endpoint, key: str) -> None:
    """Return if nobody listens on a TCP address, as an exclusive bind shows.

    Args:
        endpoint: The address; port 0 is always free.
        key: The setting that it stands in, for the error.

    Raises:
        AddressInUse: Somebody does, or it may not be bound.
    """
    family = socket.AF_INET6 if ":" in endpoint.address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # Past connections that linger are no listeners; a living one refuses all the same.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((endpoint.address, endpoint.port))
        except OSError as exc:
            raise AddressInUse(
                f"{key}: {endpoint} cannot be bound ({os.strerror(exc.errno or 0)})",
                f"stop what listens there, or set {key} to another port",
            ) from exc


def prepare_folder(folder: Path) -> None:
    """Make the folder of a Unix socket, mode 0750, if it is missing.

    Raises:
        AddressInUse: It cannot be made or used, or anybody may write to it.
    """
    try:
        if not folder.exists():
            folder.mkdir(mode=_FOLDER_MODE)
            folder.chmod(_FOLDER_MODE)
        found = folder.stat()
    except OSError as exc:
        raise AddressInUse(
            f"listen.unix: the folder {folder} cannot be used ({os.strerror(exc.errno or 0)})",
            "make it, with mode 0750 and this user as its owner",
        ) from exc
    if found.st_mode & (stat.S_IWOTH | stat.S_IWGRP):
        raise AddressInUse(
            f"listen.unix: others may replace the socket in {folder}", f"run: chmod go-w {folder}"
        )
    if found.st_uid not in (0, os.geteuid()):
        raise AddressInUse(
            f"listen.unix: the folder {folder} belongs to another user",
            f"make {folder} this user's",
        )


def clear_socket(path: Path) -> None:
    """Make way for a Unix socket: remove a stale one.

    The caller holds the socket's lock, so that no other daemon does the same now.

    Raises:
        AddressInUse: Somebody listens on it, or something else has its name.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise AddressInUse(
            f"listen.unix: {path} exists and is no socket", "move it away, or choose another path"
        )
    if _alive(path):
        raise AddressInUse(
            f"listen.unix: another process listens on {path}", "stop it, or choose another path"
        )
    path.unlink(missing_ok=True)


def _alive(path: Path) -> bool:
    """Return whether anybody listens; in doubt yes, since a wrong no would displace it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_WAIT)
        try:
            probe.connect(str(path))
        except OSError as exc:
            return exc.errno not in _GONE
        return True
