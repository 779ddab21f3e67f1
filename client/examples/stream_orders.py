"""Sign many orders over one stream, and print each as its signature arrives.

Where the daemon is comes from the environment, as in sign_message.py::

    python stream_orders.py KEY [COUNT]

The key is of purpose order: signward key create KEY --algorithm ed25519 --purpose order
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import Future, as_completed

import signward
from signward.v1.sign_service_pb2 import SignResponse


def main(key: str, count: int) -> int:
    """Send all orders, then take the answers in whatever order they come."""
    failed = 0
    with signward.Client.from_environment() as client, client.stream() as stream:
        prices: dict[Future[SignResponse], str] = {}
        for number in range(count):
            price = f"{42_000 + number}"
            order = signward.order_request(
                key,
                action="order",
                coin="BTC",
                is_buy=number % 2 == 0,
                sz="0.01",
                limit_px=price,
                timestamp=time.time_ns() // 1_000_000,
            )
            prices[stream.send(order, timeout=2.0)] = price  # waits while 256 are in flight
        for future in as_completed(prices, timeout=30):
            error = future.exception()
            if error is None:
                print(f"{prices[future]} {future.result().order.signature.hex()}")
            else:
                failed += 1
                print(f"{prices[future]} {error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(f"usage: {sys.argv[0]} KEY [COUNT]")
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if sys.argv[2:] else 10))
