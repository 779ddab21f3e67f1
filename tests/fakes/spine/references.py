"""Reference prices that a test sets."""

from __future__ import annotations

from collections.abc import Mapping


class FakeReferences:
    """Implements ``core.ports.References``: what it is given, and 0 for all else.

    Args:
        prices: In 1e-8 units, by network and asset.
    """

    def __init__(self, prices: Mapping[tuple[str, int], int] | None = None) -> None:
        self.prices = dict(prices or {})

    def price(self, network: str, asset: int) -> int:
        return self.prices.get((network, asset), 0)
