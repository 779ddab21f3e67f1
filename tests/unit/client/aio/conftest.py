"""Coroutines of tests run in an event loop of their own, which must be left empty."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from signward.aio import Client

_PATIENCE = 30.0


@pytest.fixture
def run(daemon, credentials) -> Callable[[Callable[[Client], Coroutine[Any, Any, Any]]], Any]:
    """Run what a test does with a client of the fake daemon; options are the client's."""

    def run(work, **options):
        async def main():
            async with Client(daemon.target, credentials, **options) as client:
                result = await asyncio.wait_for(work(client), _PATIENCE)
            await asyncio.sleep(0)
            return result

        return asyncio.run(main())

    return run
