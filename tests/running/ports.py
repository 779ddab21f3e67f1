"""Ports for what has to be told its port before it listens."""

from __future__ import annotations

import secrets
import socket
from typing import Final

__all__ = ["unused_port"]

_FIRST: Final = 20_000
_PAST: Final = 32_768  # from here on the kernel takes ports for connections of anybody


def unused_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on, nor is given by chance."""
    while True:
        port = _FIRST + secrets.randbelow(_PAST - _FIRST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
