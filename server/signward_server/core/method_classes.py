"""Classes of methods that rate limits tell apart."""

from __future__ import annotations

import enum

__all__ = ["MethodClass"]


class MethodClass(enum.StrEnum):
    """What is counted together; the value is its name in the configuration.

    ``SIGN`` counts items, wherever they come from: one for a call, one for each item of a
    batch and each message of a stream. All others count calls.
    """

    SIGN = "sign"
    VERIFY = "verify"
    READ = "read"
    LIST = "list"
    KEY_CREATION = "key_creation"
    KEY_CHANGE = "key_change"
    ADMINISTRATION = "administration"
    HEALTH = "health"
    REFLECTION = "reflection"
