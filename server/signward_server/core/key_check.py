"""What a look at a key's back end has found."""

from __future__ import annotations

import enum
from dataclasses import dataclass

__all__ = ["Finding", "KeyAspect"]


class KeyAspect(enum.IntEnum):
    """What is compared with the catalogue; the numbers are those of the API."""

    SPEC = 1
    USAGE = 2
    STATE = 3
    OWNERSHIP = 4
    PUBLIC_KEY = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a version that is not as it must be.

    Attributes:
        aspect: What of it.
        expected: What the catalogue has, at most 256 characters; empty where nothing should be.
        found: What the back end has, likewise; empty where nothing is.
        advice: What to do about it, a constant sentence.
    """

    aspect: KeyAspect
    expected: str
    found: str
    advice: str
