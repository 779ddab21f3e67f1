"""What is traded, and everybody's orders for it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from paper_exchange.book import Book, Order

__all__ = ["PERPETUALS", "Markets", "Perpetual"]


@dataclass(frozen=True, slots=True)
class Perpetual:
    """Something that is traded; its number is its place in ``PERPETUALS``.

    Attributes:
        name: Of the coin.
        sz_decimals: How many decimals a size may have.
        price: Where trading begins.
        tick: The step of prices.
    """

    name: str
    sz_decimals: int
    price: Decimal
    tick: Decimal


PERPETUALS = (
    Perpetual("SOL", 2, Decimal(150), Decimal("0.01")),
    Perpetual("APT", 2, Decimal(5), Decimal("0.001")),
    Perpetual("ATOM", 2, Decimal(4), Decimal("0.001")),
    Perpetual("BTC", 5, Decimal(65_000), Decimal(1)),
    Perpetual("ETH", 4, Decimal(3_200), Decimal("0.1")),
)
"""The first ones of the testnet."""


class Markets:
    """A book for each coin.

    Attributes:
        books: By number of the asset.
    """

    def __init__(self) -> None:
        self.books = {number: Book(each.name) for number, each in enumerate(PERPETUALS)}
        self._oids = itertools.count(1)
        self._due: dict[str, int] = {}

    def next_oid(self) -> int:
        """Return the number of a new order."""
        return next(self._oids)

    def of(self, account: str) -> Iterator[Order]:
        """Yield the open orders of an account."""
        for book in self.books.values():
            yield from [order for order in book.orders.values() if order.account == account]

    def find(self, account: str, which: int | str) -> Order | None:
        """Return an open order by its number or its client order id."""
        for order in self.of(account):
            if which == (order.oid if isinstance(which, int) else order.cloid):
                return order
        return None

    def price(self, asset: int) -> Decimal:
        """Return the price in the middle of a book, or where trading began."""
        return self.books[asset].mid() or PERPETUALS[asset].price

    def schedule_cancel(self, account: str, when: int | None) -> None:
        """Cancel all orders of an account at a time, or take that back."""
        if when is None:
            self._due.pop(account, None)
        else:
            self._due[account] = when

    def cancel_what_is_due(self, now: int) -> None:
        """Cancel what was scheduled up to now."""
        for account in [account for account, when in self._due.items() if when <= now]:
            del self._due[account]
            for order in list(self.of(account)):
                self.books[_number(order.coin)].cancel(order.oid)


def _number(coin: str) -> int:
    return next(number for number, each in enumerate(PERPETUALS) if each.name == coin)
