"""The sockets of this process, which gRPC has opened and does not show."""

from __future__ import annotations

import os
import socket
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

__all__ = ["FILES", "copies", "copy_of", "sockets_among"]

FILES: Final = Path("/proc/self/fd")
"""Where Linux shows a process its files; not there on other systems."""
_SOCKET = "socket:["
_TCP = (socket.AF_INET, socket.AF_INET6)


def sockets_among(files: Iterable[int]) -> Iterator[tuple[str, int]]:
    """Yield each socket's name, which no other has while it is open, and its number."""
    for file in files:
        with suppress(OSError):  # it has gone meanwhile
            name = os.readlink(f"{FILES}/{file}")  # noqa: PTH115  # a tenth of Path's time
            if name.startswith(_SOCKET):
                yield name, file


def copy_of(file: int, name: str) -> socket.socket:
    """Return a socket of our own for a connection of gRPC's, which may close its own any time.

    Raises:
        OSError: It has, and its number may stand for another file now.
    """
    number = os.dup(file)
    try:
        copy = socket.socket(fileno=number)
    except OSError:
        os.close(number)
        raise
    if f"{_SOCKET}{os.fstat(copy.fileno()).st_ino}]" != name:
        copy.close()
        raise OSError
    return copy


@contextmanager
def copies(ports: Collection[int]) -> Iterator[dict[int, socket.socket]]:
    """Yield copies of what listens on TCP ports, and of all connections to them; close them.

    Yields:
        The copies, by the number of the file that each is one of.
    """
    with ExitStack() as opened:
        found = {}
        files = sorted(map(int, os.listdir(FILES)))  # noqa: PTH208  # numbers, no paths
        for name, file in dict(sockets_among(files)).items():
            with suppress(OSError):  # it has gone, or is no socket of TCP
                copy = opened.enter_context(copy_of(file, name))
                if copy.family in _TCP and copy.getsockname()[1] in ports:
                    found[file] = copy
        yield found
