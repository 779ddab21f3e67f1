"""What each of several workers gets of what is limited in memory (S43).

Rules of rate limits are divided where they are counted; see ``limits.rules``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from signward_server.config.schema import Settings

__all__ = ["Unshareable", "share", "unshareable"]

_DIVIDED = ("streams", "streams_per_identity", "connections_per_address")
_REDIS = "raise it, or count in Redis or Valkey for all workers (rate_limits.storage)"


class Unshareable(NamedTuple):
    """A setting that several workers cannot share: its key, what is wrong, and the fix."""

    key: str
    text: str
    fix: str


def unshareable(settings: Settings) -> Iterator[Unshareable]:
    """Yield what does not go with the number of workers."""
    count = settings.workers.count
    if count == 1:
        return
    if settings.listen.unix is not None:
        text = f"is one socket, which {count} workers cannot share"
        yield Unshareable("listen.unix", text, 'set it to "", or workers.count to 1')
    text = f"is less than the {count} workers that it is divided among"
    for name in _DIVIDED:
        if 0 < getattr(settings.limits, name) < count:
            yield Unshareable(f"limits.{name}", text, f"raise it to {count} or more")
    if 0 < settings.hyperliquid.nonce_lanes < count:
        few = f"is less than the {count} workers, which need one each"
        yield Unshareable("hyperliquid.nonce_lanes", few, f"set it to {count} or more, or to 0")
    rates = settings.rate_limits
    if rates.failures.limit < count:
        yield Unshareable("rate_limits.failures.limit", text, f"raise it to {count} or more")
    if rates.storage and rates.when_unavailable != "local":
        return
    for place, rule in enumerate(rates.rules):
        if rule.limit < count:
            yield Unshareable(f"rate_limits.rules[{place}].limit", text, _REDIS)


def share(settings: Settings) -> Settings:
    """Return the settings as one worker of several has them; what is divided is rounded down."""
    count = settings.workers.count
    if count == 1:
        return settings
    limits, rates = settings.limits, settings.rate_limits
    divided = {name: getattr(limits, name) // count for name in _DIVIDED}
    failures = rates.failures.model_copy(update={"limit": rates.failures.limit // count})
    return settings.model_copy(
        update={
            "limits": limits.model_copy(update=divided),
            "rate_limits": rates.model_copy(update={"failures": failures}),
        }
    )
