"""Actions that place, replace and cancel orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from paper_exchange.accounts import Accounts
from paper_exchange.answers import DEFAULT, statuses
from paper_exchange.book import Fill, Order, Refused
from paper_exchange.markets import PERPETUALS, Markets
from paper_exchange.signers import Json

__all__ = ["TRADING"]

_LEAST = Decimal(10)  # USDC that an order must be worth


def _order(
    accounts: Accounts, markets: Markets, account: str, action: Json, now: int
) -> dict[str, Any]:
    outcomes = [_placed(accounts, markets, account, wire, now) for wire in action["orders"]]
    return statuses("order", outcomes)


def _modify(
    accounts: Accounts, markets: Markets, account: str, action: Json, now: int
) -> dict[str, Any]:
    outcome = _replaced(accounts, markets, account, action, now)
    return {"status": "err", "response": outcome["error"]} if "error" in outcome else DEFAULT


def _batch_modify(
    accounts: Accounts, markets: Markets, account: str, action: Json, now: int
) -> dict[str, Any]:
    outcomes = [_replaced(accounts, markets, account, each, now) for each in action["modifies"]]
    return statuses("order", outcomes)


def _cancel(_: Accounts, markets: Markets, account: str, action: Json, __: int) -> dict[str, Any]:
    found = [_cancelled(markets, account, each["a"], each["o"]) for each in action["cancels"]]
    return statuses("cancel", found)


def _cancel_by_cloid(
    _: Accounts, markets: Markets, account: str, action: Json, __: int
) -> dict[str, Any]:
    found = [
        _cancelled(markets, account, each["asset"], each["cloid"]) for each in action["cancels"]
    ]
    return statuses("cancel", found)


def _schedule_cancel(
    _: Accounts, markets: Markets, account: str, action: Json, __: int
) -> dict[str, Any]:
    markets.schedule_cancel(account, action.get("time"))
    return DEFAULT


TRADING: Mapping[str, Callable[[Accounts, Markets, str, Json, int], dict[str, Any]]] = {
    "order": _order,
    "modify": _modify,
    "batchModify": _batch_modify,
    "cancel": _cancel,
    "cancelByCloid": _cancel_by_cloid,
    "scheduleCancel": _schedule_cancel,
}
"""By the action's type; each is told who acts, and the time in milliseconds since 1970."""


def _cancelled(markets: Markets, account: str, asset: int, which: int | str) -> object:
    order = markets.find(account, which)
    if order is None or order.coin != PERPETUALS[asset].name:
        return {"error": "Order was never placed, already canceled, or filled."}
    markets.books[asset].cancel(order.oid)
    return "success"


def _replaced(
    accounts: Accounts, markets: Markets, account: str, modify: Json, now: int
) -> dict[str, Any]:
    old = markets.find(account, modify["oid"])
    if old is None:
        return {"error": "Cannot modify canceled or filled order"}
    for book in markets.books.values():
        book.cancel(old.oid)
    return _placed(accounts, markets, account, modify["order"], now)


def _placed(
    accounts: Accounts, markets: Markets, account: str, wire: Json, now: int
) -> dict[str, Any]:
    """Place an order; return its status in the exchange's form."""
    order = _read(markets, account, wire, now)
    if order.price * order.size < _LEAST and not order.reduce_only:
        return {"error": f"Order must have minimum value of ${_LEAST}. asset={wire['a']}"}
    if order.reduce_only and not _reduces(accounts, order):
        return {"error": f"Reduce only order would increase position. asset={wire['a']}"}
    try:
        fills = markets.books[wire["a"]].place(order)
    except Refused as refusal:
        return {"error": f"{refusal} asset={wire['a']}"}
    for fill in fills:
        accounts.open(fill.order.account).take(fill, now)
    return _status(order, [fill for fill in fills if fill.is_taker])


def _read(markets: Markets, account: str, wire: Json, now: int) -> Order:
    size = Decimal(wire["s"])
    return Order(
        oid=markets.next_oid(),
        account=account,
        coin=PERPETUALS[wire["a"]].name,
        is_buy=wire["b"],
        price=Decimal(wire["p"]),
        size=size,
        left=size,
        tif=wire["t"].get("limit", {}).get("tif", ""),
        cloid=wire.get("c") or "",
        reduce_only=wire["r"],
        time=now,
    )


def _reduces(accounts: Accounts, order: Order) -> bool:
    position = accounts.open(order.account).positions.get(order.coin, Decimal(0))
    return order.size <= abs(position) and (position < 0) == order.is_buy


def _status(order: Order, fills: list[Fill]) -> dict[str, Any]:
    known = {"oid": order.oid} | ({"cloid": order.cloid} if order.cloid else {})
    if not fills:
        return {"resting": known}
    size = sum(fill.size for fill in fills)
    average = sum(fill.size * fill.price for fill in fills) / size
    return {"filled": {"totalSz": str(size), "avgPx": f"{average:.8g}", **known}}
