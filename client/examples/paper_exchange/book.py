"""One order book: limit orders, price before time."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

__all__ = ["Book", "Fill", "Order", "Refused"]


class Refused(Exception):  # noqa: N818 -- what the exchange says of one order
    """An order that the book does not take; the text is the exchange's answer."""


@dataclass(slots=True)
class Order:
    """An order, in the book while something of it is left.

    Attributes:
        oid: Its number; the lower one came first.
        account: Whose it is.
        coin: What is traded.
        is_buy: The side.
        price: Limit price.
        size: As it was placed.
        left: What is not filled.
        tif: ``Alo``, ``Ioc`` or ``Gtc``; empty: it waits for a price and is never matched here.
        cloid: Client order id; empty: none.
        reduce_only: Whether it may only make a position smaller.
        time: When it was placed, in milliseconds since 1970.
    """

    oid: int
    account: str
    coin: str
    is_buy: bool
    price: Decimal
    size: Decimal
    left: Decimal
    tif: str
    cloid: str
    reduce_only: bool
    time: int


@dataclass(frozen=True, slots=True)
class Fill:
    """One side of a trade.

    Attributes:
        order: The order that was filled.
        price: At which price.
        size: How much of it.
        is_taker: Whether it was the one that came to the other.
    """

    order: Order
    price: Decimal
    size: Decimal
    is_taker: bool


class Book:
    """The orders for one coin."""

    def __init__(self, coin: str) -> None:
        self.coin = coin
        self.orders: dict[int, Order] = {}

    def place(self, order: Order) -> list[Fill]:
        """Match an order and keep what is left of it; return both sides of each trade.

        Raises:
            Refused: It would match and must not, or must match and does not.
        """
        if not order.tif:
            self.orders[order.oid] = order
            return []
        against = self._against(order)
        if order.tif == "Alo" and against:
            best = against[0].price
            raise Refused(f"Post only order would have immediately matched, bbo was at {best}.")
        if order.tif == "Ioc" and not against:
            raise Refused("Order could not immediately match against any resting orders.")
        fills = [fill for resting in against for fill in self._trade(order, resting)]
        if order.left and order.tif != "Ioc":
            self.orders[order.oid] = order
        return fills

    def cancel(self, oid: int) -> Order | None:
        """Take an order out of the book."""
        return self.orders.pop(oid, None)

    def side(self, *, is_buy: bool) -> list[Order]:
        """Return the orders of a side that can be matched, the best first."""
        found = [each for each in self.orders.values() if each.is_buy == is_buy and each.tif]
        return sorted(found, key=lambda each: (-each.price if is_buy else each.price, each.oid))

    def levels(self, *, is_buy: bool) -> list[tuple[Decimal, Decimal, int]]:
        """Return price, size and number of orders of each level, the best first."""
        found: dict[Decimal, tuple[Decimal, int]] = {}
        for order in self.side(is_buy=is_buy):
            size, number = found.get(order.price, (Decimal(0), 0))
            found[order.price] = size + order.left, number + 1
        return [(price, *rest) for price, rest in found.items()]

    def mid(self) -> Decimal | None:
        """Return the price between the best of both sides, ``None`` if one is empty."""
        buys, sells = self.side(is_buy=True), self.side(is_buy=False)
        return (buys[0].price + sells[0].price) / 2 if buys and sells else None

    def _against(self, order: Order) -> list[Order]:
        """Return what an order matches; one's own orders are passed over."""
        return [
            resting
            for resting in self.side(is_buy=not order.is_buy)
            if resting.account != order.account
            and (resting.price <= order.price if order.is_buy else resting.price >= order.price)
        ]

    def _trade(self, order: Order, resting: Order) -> list[Fill]:
        size = min(order.left, resting.left)
        if not size:
            return []
        order.left -= size
        resting.left -= size
        if not resting.left:
            del self.orders[resting.oid]
        return [
            Fill(order, resting.price, size, is_taker=True),
            Fill(resting, resting.price, size, is_taker=False),
        ]
