"""A bot for asyncio: quotes a price again and again, signs each order, and stops at once if told.

Where the daemon is comes from the environment, as in sign_message.py::

    python asyncio_bot.py KEY [COUNT]

The key is of purpose order: signward key create KEY --algorithm ed25519 --purpose order
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator

import signward
from signward.aio import Client, SignStream


async def prices(count: int) -> AsyncIterator[int]:
    """Yield prices as a feed would: a few each moment."""
    for number in range(count):
        if number % 8 == 0:
            await asyncio.sleep(0.01)
        yield 42_000 + number


async def quote(stream: SignStream, key: str, price: int) -> str:
    """Sign one order; return it with its signature."""
    order = signward.order_request(
        key,
        action="order",
        coin="BTC",
        is_buy=True,
        sz="0.01",
        limit_px=str(price),
        timestamp=time.time_ns() // 1_000_000,
    )
    answer = await stream.sign(order, timeout=2.0)
    return f"{price} {answer.order.signature.hex()}"


async def main(key: str, count: int) -> int:
    """Sign at every price while more prices come in; the first failure ends everything."""
    failed = False
    try:
        async with Client.from_environment() as client, client.stream() as stream:
            async with asyncio.TaskGroup() as group:
                quotes = [
                    group.create_task(quote(stream, key, price)) async for price in prices(count)
                ]
            for done in quotes:
                print(done.result())
    except* signward.SignwardError as failures:
        print(f"stopped: {failures.exceptions[0]}", file=sys.stderr)
        failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(f"usage: {sys.argv[0]} KEY [COUNT]")
    sys.exit(asyncio.run(main(sys.argv[1], int(sys.argv[2]) if sys.argv[2:] else 25)))
