"""Says at start which keys cannot be read; callers may not be told (S39)."""

from __future__ import annotations

import logging
from collections.abc import Collection

__all__ = ["log_damage"]

_log = logging.getLogger(__name__)
_NAMED = 20


def log_damage(unreadable: Collection[str]) -> None:
    """Log how many keys have rows that fail their MAC, and the ids of the first ones."""
    if unreadable:
        damaged = sorted(unreadable)
        _log.error("keys are damaged", extra={"count": len(damaged), "keys": damaged[:_NAMED]})
