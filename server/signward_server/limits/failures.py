"""Keeps count of callers that could not show who they are (S38, S43).

Only failures are counted here, and only those who fail are told so: a valid credential is
accepted before anybody asks, however often others at its address have failed.
"""

from __future__ import annotations

import ipaddress
import threading
from urllib.parse import unquote

from signward_server.core.errors import RateLimited, SignwardError
from signward_server.core.ports import Clock, Event, Meter
from signward_server.limits.failure_log import FailureLog
from signward_server.limits.rules import MARGIN
from signward_server.limits.windows import Windows

__all__ = ["Failures"]

_PEERS = 10_000  # with a counter of their own
_UNIX = "unix:"
_UNKNOWN = "unknown"
_PREFIX = 64  # bits of an IPv6 address that one peer has to itself (RFC 6177)


class Failures:
    """Implements ``ports.AuthenticationFailures``.

    Args:
        limit: Failures of a peer that are answered with their reason, in a window.
        window: Seconds, from the first failure.
        clock: Its monotonic time is what counts.
        meter: Told of every failure.
        log: Told of every failure, and where it came from.
    """

    def __init__(
        self, *, limit: int, window: float, clock: Clock, meter: Meter, log: FailureLog
    ) -> None:
        self._limit = limit
        self._windows = Windows(window, _PEERS)
        self._now = clock.monotonic
        self._meter = meter
        self._log = log
        self._lock = threading.Lock()

    def answer(self, peer: str, error: SignwardError) -> SignwardError:
        """Count a failure and return what the peer is told; see ``ports``."""
        self._meter.count(Event.AUTHENTICATION_FAILED, error.reason)
        place = _place_of(peer)
        self._log.add(place, error.reason)
        wait = self._wait(place)
        return error if wait is None else RateLimited(retry_after=wait + MARGIN)

    def close(self) -> None:
        """Write down what is left."""
        self._log.close()

    def _wait(self, place: str) -> float | None:
        """Count; return for how long the peer has failed too often, ``None`` if it has not."""
        with self._lock:
            now = self._now()
            window = self._windows.find(place, now)
            if window is None:
                self._windows.begin(place, now, 1)
                return None
            if window.count >= self._limit:
                return window.ends - now
            window.count += 1
            return None


def _place_of(peer: str) -> str:
    """Return what of a peer is counted together: an IPv4 address, an IPv6 network of 64 bits.

    Args:
        peer: As gRPC names it: ``ipv4:192.0.2.1:443``, ``ipv6:%5B2001:db8::1%5D:443``,
            ``unix:`` and what may follow.
    """
    if peer.startswith(_UNIX):
        return _UNIX
    family, _, rest = peer.partition(":")
    host = unquote(rest).rpartition(":")[0].strip("[]").partition("%")[0]
    try:
        address = ipaddress.ip_address(host) if family in {"ipv4", "ipv6"} else None
    except ValueError:
        address = None
    if address is None:
        return _UNKNOWN
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _PREFIX), strict=False))
