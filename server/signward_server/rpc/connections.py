"""A cap on the connections of one address, since gRPC has none (S42).

gRPC neither tells of its connections nor gives one up. But their sockets are files of this
process, which may look who is at the other end of each and shut down those that are too many;
gRPC then sees a peer that has gone. Files are looked at twice a second, and only when there
are more of them than one address may have. The connections that were there before stay.

Connections over Unix sockets are not counted: whoever may open that file is trusted with it.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections import defaultdict
from collections.abc import Collection
from contextlib import suppress
from ipaddress import IPv6Address, ip_address, ip_network

from signward_server.core.unexpected import unexpected
from signward_server.rpc.own_sockets import FILES, copy_of, sockets_among

__all__ = ["ConnectionCap"]

_log = logging.getLogger(__name__)
_INTERVAL = 0.5  # seconds
_HOST_BITS = 64  # of IPv6: whoever has one address there has all of them
_QUIET = 20  # looks between two lines of the log


class ConnectionCap:
    """A thread that looks.

    Args:
        most: Connections that one address may have; 0: as many as it wants.
        ports: The ports whose connections count; may grow until it starts.

    Attributes:
        closed: How many connections were closed.
    """

    def __init__(self, most: int, ports: Collection[int]) -> None:
        self._most = most
        self._ports = ports
        self._peers: dict[str, str] = {}  # of sockets that were seen before; empty: not counted
        self._stopped = threading.Event()
        self._quiet = 0
        self._thread = threading.Thread(target=self._run, name="connection-cap", daemon=True)
        self.closed = 0

    def start(self) -> None:
        """Begin to look, if there is a cap and this system shows a process its files."""
        if self._most and FILES.is_dir():
            self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()

    def look(self) -> int:
        """Look once; return how many connections were closed."""
        files = sorted(map(int, os.listdir(FILES)))  # noqa: PTH208  # numbers, no paths
        if len(files) <= self._most:
            return 0
        found = dict(sockets_among(files))
        new = [name for name in found if name not in self._peers]
        self._peers = {name: peer for name, peer in self._peers.items() if name in found}
        for name in new:
            self._peers[name] = _peer(found[name], name, self._ports)
        by_peer: defaultdict[str, list[str]] = defaultdict(list)
        for name, peer in self._peers.items():  # the oldest first
            if peer:
                by_peer[peer].append(name)
        spare = [name for names in by_peer.values() for name in names[self._most :]]
        shut = [name for name in spare if _shut(found[name], name)]
        self._peers.update(dict.fromkeys(shut, ""))  # gRPC may not have closed them by the next
        self.closed += len(shut)
        return len(shut)

    def _run(self) -> None:
        while not self._stopped.wait(_INTERVAL):
            try:
                closed = self.look()
            except Exception as error:  # noqa: BLE001  # the daemon would go on without a cap
                unexpected(error)
                continue
            self._quiet -= 1
            if closed and self._quiet <= 0:
                self._quiet = _QUIET
                _log.warning("too many connections of one address", extra={"closed": closed})


def _peer(file: int, name: str, ports: Collection[int]) -> str:
    """Return who is at the other end; empty if it is not a connection of these ports."""
    with suppress(OSError), copy_of(file, name) as copy:
        if copy.family in {socket.AF_INET, socket.AF_INET6} and copy.getsockname()[1] in ports:
            return _host(copy.getpeername()[0])
    return ""


def _host(text: str) -> str:
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ip_network((address, _HOST_BITS), strict=False))
    return str(address)


def _shut(file: int, name: str) -> bool:
    with suppress(OSError), copy_of(file, name) as copy:
        copy.shutdown(socket.SHUT_RDWR)
        return True
    return False
