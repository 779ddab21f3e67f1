"""Everybody else: a house that quotes at some distance, and a crowd that takes what is there."""

from __future__ import annotations

import random
import threading
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

from paper_exchange.exchange import Exchange
from paper_exchange.markets import PERPETUALS, Perpetual

__all__ = ["Crowd"]

_HOUSE, _CROWD = "0x" + "aa" * 20, "0x" + "bb" * 20
_LEVELS = 4
_SPREAD = 20  # ticks from the price to the house's first level
_WORTH = 400  # USDC of an order of the crowd, about


class Crowd:
    """Trades on a thread until the end of a ``with``.

    Args:
        exchange: Where.
        seed: Of its random choices.
        pause: Seconds from one round to the next.
    """

    def __init__(self, exchange: Exchange, *, seed: int = 1, pause: float = 0.05) -> None:
        self._exchange = exchange
        self._random = random.Random(seed)  # noqa: S311 -- a toy market
        self._pause = pause
        self._prices = {number: each.price for number, each in enumerate(PERPETUALS)}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._trade, name="crowd", daemon=True)
        for address in (_HOUSE, _CROWD):
            exchange.accounts.open(address)

    def __enter__(self) -> Self:
        self.round()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end.set()
        self._thread.join()

    def round(self) -> None:
        """Move each price a little, quote around it anew, and take something."""
        for number, perpetual in enumerate(PERPETUALS):
            self._prices[number] += self._random.randint(-2, 2) * perpetual.tick
            self._quote(number, perpetual)
            if self._random.random() < 1 / 2:
                self._take(number, perpetual)

    def _trade(self) -> None:
        while not self._end.wait(self._pause):
            self.round()

    def _quote(self, number: int, perpetual: Perpetual) -> None:
        name = perpetual.name
        old = self._exchange.info({"type": "openOrders", "user": _HOUSE})
        cancels = [{"a": number, "o": each["oid"]} for each in old if each["coin"] == name]
        distances = [(_SPREAD + 5 * level) * perpetual.tick for level in range(_LEVELS)]
        quotes = [
            _limit(number, perpetual, self._prices[number] + sign * distance, 20 * _WORTH, "Gtc")
            | {"b": sign < 0}
            for distance in distances
            for sign in (-1, 1)
        ]
        # In this order, so that there is always something to take.
        self._exchange.trade(_HOUSE, {"type": "order", "orders": quotes, "grouping": "na"})
        self._exchange.trade(_HOUSE, {"type": "cancel", "cancels": cancels})

    def _take(self, number: int, perpetual: Perpetual) -> None:
        is_buy = self._random.random() < 1 / 2
        far = (1 if is_buy else -1) * 2 * _SPREAD * perpetual.tick
        worth = self._random.randint(_WORTH // 4, _WORTH)
        order = _limit(number, perpetual, self._prices[number] + far, worth, "Ioc") | {"b": is_buy}
        self._exchange.trade(_CROWD, {"type": "order", "orders": [order], "grouping": "na"})


def _limit(
    number: int, perpetual: Perpetual, price: Decimal, worth: int, tif: str
) -> dict[str, Any]:
    """Return an order of about this worth in USDC, its side yet to be said."""
    size = round(Decimal(worth) / price, perpetual.sz_decimals)
    return {
        "a": number,
        "p": f"{price:f}",
        "s": f"{size:f}",
        "r": False,
        "t": {"limit": {"tif": tif}},
    }
