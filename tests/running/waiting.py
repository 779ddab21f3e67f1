"""Waiting for what another process does, with a bound."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["eventually", "stays"]

_PATIENCE = 30.0
_PAUSE = 0.05
_STILL = 0.5


def eventually(condition: Callable[[], bool]) -> bool:
    """Return true as soon as something holds, false if it does not within half a minute."""
    end = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(_PAUSE)
    return True


def stays(value: Callable[[], int]) -> bool:
    """Return whether a number is the same half a second later."""
    before = value()
    time.sleep(_STILL)
    return value() == before
