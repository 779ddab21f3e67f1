"""The order that everybody signs, as the SDK and as the daemon take it."""

from __future__ import annotations

from typing import Any

from signward.v1 import hyperliquid_pb2 as pb

__all__ = ["LIFE", "order", "order_message"]

LIFE = 30_000
"""Milliseconds until it expires."""


def order() -> dict[str, Any]:
    """Return it as the exchange takes it."""
    wire = {
        "a": 4,
        "b": True,
        "p": "3120.5",
        "s": "0.25",
        "r": False,
        "t": {"limit": {"tif": "Alo"}},
    }
    return {"type": "order", "orders": [wire], "grouping": "na"}


def order_message() -> pb.HyperliquidOrders:
    """Return the same as a message of the API."""
    return pb.HyperliquidOrders(
        orders=[
            pb.HyperliquidOrder(
                asset=4,
                is_buy=True,
                limit_px="3120.5",
                sz="0.25",
                limit=pb.HyperliquidLimit(tif=pb.HYPERLIQUID_TIF_ALO),
            )
        ]
    )
