"""Waiting for what another process does, with a bound."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

__all__ = ["eventually", "stays", "until"]

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


async def until(condition: Callable[[], bool]) -> None:
    """Return as soon as something holds; whoever runs the test bounds how long it may take."""
    while not condition():  # noqa: ASYNC110  # what it looks at tells nobody
        await asyncio.sleep(0.01)
