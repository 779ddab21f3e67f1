"""Counters in Redis or Valkey, shared by all replicas that are given the same address.

The library `limits` brings the connection, the scripts' upkeep and the names of counters; the
script is ours, because the library's own counts what it refuses, and one rule at a time.
Windows run by the server's clock alone, so that replicas need not agree on the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import redis
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import RedisStorage
from redis.backoff import NoBackoff
from redis.retry import Retry

from signward_server.limits.redis_place import RedisPlace

__all__ = ["RedisWindows", "StorageFailed"]

_SCHEMES: Final[Mapping[str, str]] = {
    "valkey": "redis",
    "valkeys": "rediss",
    "redis+unix": "unix",
    "valkey+unix": "unix",
}
_CONNECTIONS = 10_000  # the daemon's threads bound them
_MS = 1000

# Counts in all of KEYS or in none. ARGV: the cost, then limit and window (ms) of each.
# Answers {0, 0}, or which of KEYS is full for the longest, from 1, and for how many ms.
_ACQUIRE = b"""
local cost, which, wait = tonumber(ARGV[1]), 0, 0
for i, key in ipairs(KEYS) do
  local limit, window = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  if tonumber(redis.call('GET', key) or 0) + cost > limit then
    local left = redis.call('PTTL', key)
    if left < 0 then
      redis.call('PEXPIRE', key, window)
      left = window
    end
    if left >= wait then
      which, wait = i, left
    end
  end
end
if which == 0 then
  for i, key in ipairs(KEYS) do
    if redis.call('INCRBY', key, cost) == cost then
      redis.call('PEXPIRE', key, ARGV[2 * i + 1])
    end
  end
end
return {which, wait}
"""


class StorageFailed(Exception):  # noqa: N818  # names read as what happened
    """The server does not answer, or not with a number."""


class RedisWindows(RedisStorage):
    """Counters in fixed windows; connects when it is first used."""

    def __init__(self, place: RedisPlace) -> None:
        scheme, _, rest = place.url.partition("://")
        scheme = _SCHEMES.get(scheme, scheme)
        options: dict[str, Any] = {
            "username": place.username or None,
            "password": place.password or None,
            "socket_connect_timeout": place.connect_timeout,
            "socket_timeout": place.timeout,
            "retry": Retry(NoBackoff(), 0),  # the default differs from version to version
            "protocol": 2,  # 3 lets the server push what delays noticing a closed connection
            "max_connections": _CONNECTIONS,
        }
        if scheme == "rediss":
            options |= {"ssl_ca_certs": str(place.ca)} if place.ca else {}
        super().__init__(f"{scheme}://{rest}", key_prefix="signward", **options)
        self._acquire = self.get_connection().register_script(_ACQUIRE)

    def acquire(
        self, counters: Sequence[tuple[RateLimitItem, str]], cost: int
    ) -> tuple[int, float] | None:
        """Count in all counters or in none.

        Args:
            counters: What each may hold, and its name.
            cost: How many are counted.

        Returns:
            ``None`` if it was counted, otherwise the index of the counter that is full for the
            longest, and for how many seconds.

        Raises:
            StorageFailed: It is not known whether anything was counted.
        """
        arguments = [cost]
        for item, _ in counters:
            arguments += (item.amount, item.get_expiry() * _MS)
        try:
            which, wait = self._acquire([self.prefixed_key(key) for _, key in counters], arguments)
            return (which - 1, (wait + 1) / _MS) if which else None
        except (redis.RedisError, OSError, TypeError, ValueError) as exc:
            raise StorageFailed from exc

    def answers(self) -> bool:
        """Return whether counting works, by counting: a read-only replica answers a ping."""
        probe = RateLimitItemPerSecond(2**31, 1, "probe")
        try:
            self.acquire([(probe, probe.key_for())], 1)
        except StorageFailed:
            return False
        return True

    def close(self) -> None:
        """Close all connections."""
        self.storage.close()
