"""The order that everybody signs."""

from __future__ import annotations

from typing import Any

__all__ = ["LIFE", "order"]

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
