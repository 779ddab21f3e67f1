"""Waiting within an event loop for what tells nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["until"]


async def until(condition: Callable[[], bool]) -> None:
    """Return as soon as something holds; whoever runs the test bounds how long it may take."""
    while not condition():  # noqa: ASYNC110  # it is looked at from outside
        await asyncio.sleep(0.01)
