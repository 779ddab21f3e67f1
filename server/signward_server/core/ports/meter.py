"""Counting what happens, for whoever watches the daemon."""

from __future__ import annotations

import enum
from typing import Protocol

__all__ = ["Event", "Level", "Meter"]


class Event(enum.StrEnum):
    """What is counted; the detail in brackets is one of few, and never a name (S39)."""

    AUTHENTICATION_FAILED = "authentication_failures"  # [reason]
    POLICY_DENIED = "policy_denials"  # [action]
    POLICY_ERROR = "policy_errors"  # [action]
    RATE_LIMITED = "rate_limited"  # [method class]
    LIMIT_STORAGE_FAILED = "limit_storage_failures"
    RELOADED = "reloads"  # [part]
    RELOAD_REFUSED = "reload_refusals"  # [part]


class Level(enum.StrEnum):
    """What is so now; the value is a number."""

    LIMIT_STORAGE_UP = "limit_storage_up"
    POLICIES = "policies"


class Meter(Protocol):
    """Counts; quick, blocks on nothing and fails never."""

    def count(self, event: Event, detail: str = "") -> None:
        """Count one occurrence."""
        ...

    def level(self, level: Level, value: float) -> None:
        """Say how something is now."""
        ...
