"""Keeps count of callers that could not show who they are (S38, S43).

Only failures are counted here, and only those who fail are told so: a valid credential is
accepted before anybody asks, however often others at its address have failed.
"""

from __future__ import annotations

import threading
from ipaddress import IPv6Address, ip_network

from signward_server.core.address_ranges import address_in
from signward_server.core.errors import RateLimited, SignwardError
from signward_server.core.ports import Audit, Clock, Event, Meter
from signward_server.limits.failure_log import FailureLog
from signward_server.limits.rules import MARGIN
from signward_server.limits.windows import Windows

__all__ = ["Failures"]

_PEERS = 10_000  # with a counter of their own
_NOWHERE = "local"  # what comes without an address
_PREFIX = 64  # bits of an IPv6 address that one peer has to itself (RFC 6177)


class Failures:
    """Implements ``ports.AuthenticationFailures``.

    Args:
        limit: Failures of a peer that are answered with their reason, in a window.
        window: Seconds, from the first failure.
        clock: Its monotonic time is what counts.
        meter: Told of every failure.
        log: Told of every failure, and where it came from.
        audit: As ``log``.
    """

    def __init__(
        self,
        *,
        limit: int,
        window: float,
        clock: Clock,
        meter: Meter,
        log: FailureLog,
        audit: Audit,
    ) -> None:
        self._limit = limit
        self._windows = Windows(window, _PEERS)
        self._now = clock.monotonic
        self._meter = meter
        self._log = log
        self._audit = audit
        self._lock = threading.Lock()

    def answer(self, address: str, error: SignwardError) -> SignwardError:
        """Count a failure and return what the peer is told; see ``ports``."""
        self._meter.count(Event.AUTHENTICATION_FAILED, error.reason)
        place = _place_of(address)
        self._log.add(place, error.reason)
        self._audit.unauthenticated(place, error.reason)
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


def _place_of(address: str) -> str:
    """Return what is counted together: an IPv4 address, an IPv6 network of 64 bits.

    All that comes without an address, over a Unix socket, is one.
    """
    found = address_in(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, _PREFIX), strict=False))
    return _NOWHERE if found is None else str(found)
