"""Answers to ``/info``, as far as the SDK and the demo bot ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from paper_exchange.accounts import Account, Accounts
from paper_exchange.book import Order
from paper_exchange.markets import PERPETUALS, Markets
from paper_exchange.signers import Json

__all__ = ["answered"]

_SPOT = {
    "tokens": [
        {"name": "USDC", "szDecimals": 8, "weiDecimals": 8, "index": 0},
        {"name": "PURR", "szDecimals": 0, "weiDecimals": 5, "index": 1},
    ],
    "universe": [{"name": "PURR/USDC", "tokens": [1, 0], "index": 0, "isCanonical": True}],
}
_LEVERAGE = 20


def answered(accounts: Accounts, markets: Markets, request: Json) -> Any:  # noqa: ANN401 -- JSON
    """Answer a request.

    Raises:
        KeyError: It is of a type, or about a coin, that is not here.
    """
    return _ANSWERS[request["type"]](accounts, markets, request)


def _meta(*_: object) -> dict[str, Any]:
    universe = [
        {"name": each.name, "szDecimals": each.sz_decimals, "maxLeverage": _LEVERAGE}
        for each in PERPETUALS
    ]
    return {"universe": universe}


def _spot_meta(*_: object) -> dict[str, Any]:
    return _SPOT


def _all_mids(_: Accounts, markets: Markets, __: Json) -> dict[str, str]:
    return {each.name: str(markets.price(number)) for number, each in enumerate(PERPETUALS)}


def _l2_book(_: Accounts, markets: Markets, request: Json) -> dict[str, Any]:
    [book] = [book for book in markets.books.values() if book.coin == request["coin"]] or [None]
    if book is None:
        raise KeyError(request["coin"])
    levels = [
        [
            {"px": str(price), "sz": str(size), "n": number}
            for price, size, number in book.levels(is_buy=is_buy)
        ]
        for is_buy in (True, False)
    ]
    return {"coin": book.coin, "levels": levels, "time": 0}


def _open_orders(_: Accounts, markets: Markets, request: Json) -> list[dict[str, Any]]:
    return [_told(order) for order in markets.of(request["user"].lower())]


def _told(order: Order) -> dict[str, Any]:
    return {
        "coin": order.coin,
        "side": "B" if order.is_buy else "A",
        "limitPx": str(order.price),
        "sz": str(order.left),
        "origSz": str(order.size),
        "oid": order.oid,
        "cloid": order.cloid or None,
        "timestamp": order.time,
    }


def _state(accounts: Accounts, markets: Markets, request: Json) -> dict[str, Any]:
    account = accounts.get(request["user"]) or Account(usdc=Decimal(0))
    prices = {each.name: markets.price(number) for number, each in enumerate(PERPETUALS)}
    held = {coin: size for coin, size in account.positions.items() if size}
    worth = account.usdc + sum(size * prices[coin] for coin, size in held.items())
    summary = {
        "accountValue": f"{worth:f}",
        "totalNtlPos": f"{sum(abs(size) * prices[coin] for coin, size in held.items()):f}",
        "totalRawUsd": f"{account.usdc:f}",
        "totalMarginUsed": "0.0",
    }
    positions = [
        {
            "type": "oneWay",
            "position": {
                "coin": coin,
                "szi": str(size),
                "entryPx": f"{account.paid[coin] / size:.6g}",
                "positionValue": f"{abs(size) * prices[coin]:f}",
                "unrealizedPnl": f"{size * prices[coin] - account.paid[coin]:f}",
                "leverage": {"type": "cross", "value": _LEVERAGE},
            },
        }
        for coin, size in held.items()
    ]
    return {
        "assetPositions": positions,
        "marginSummary": summary,
        "crossMarginSummary": summary,
        "withdrawable": f"{account.usdc:f}",
    }


def _user_fills(accounts: Accounts, _: Markets, request: Json) -> list[dict[str, Any]]:
    account = accounts.get(request["user"])
    return account.fills[::-1] if account else []


_ANSWERS: Mapping[str, Callable[[Accounts, Markets, Json], Any]] = {
    "meta": _meta,
    "spotMeta": _spot_meta,
    "allMids": _all_mids,
    "l2Book": _l2_book,
    "openOrders": _open_orders,
    "clearinghouseState": _state,
    "userFills": _user_fills,
}
