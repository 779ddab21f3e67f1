"""Makes a market with a key of the daemon: quotes both sides, shows fills and what is refused.

Where the daemon is comes from the environment, as in sign_message.py; the extra [hyperliquid] is
needed. Without --url it trades on a paper exchange within this process; the exchange's testnet is
the same command with another URL:

    python hyperliquid_bot.py KEY
    python hyperliquid_bot.py KEY --url https://api.hyperliquid-testnet.xyz [--account 0x...]

The key is of purpose hyperliquid and network testnet; with --account it is that account's agent.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import signward
from paper_exchange.crowd import Crowd
from paper_exchange.exchange import Exchange
from paper_exchange.server import Server
from signward.hyperliquid import SignwardExchange

LIFE = 20_000  # milliseconds that a quote may be on its way
WORTH = 200  # USDC of a quote, about
DISTANCE = 0.0003  # of a quote from the middle
NOWHERE = "0x000000000000000000000000000000000000dEaD"


class Bot:
    """Quotes one coin.

    Args:
        exchange: Signs with the daemon's key, posts and asks.
        account: Whose orders and fills they are.
        coin: What is traded.
    """

    def __init__(self, exchange: SignwardExchange, account: str, coin: str) -> None:
        self._exchange = exchange
        self._info = exchange.info
        self._account = account
        self._coin = coin
        asset = self._info.name_to_asset(coin)
        self._sz_decimals = self._info.asset_to_sz_decimals[asset]
        self._told = {(fill["oid"], fill["time"], fill["sz"]) for fill in self._fills()}

    def quote(self) -> None:
        """Take the old quotes back, and put new ones on both sides of the middle."""
        self.take_back()
        middle = float(self._info.all_mids()[self._coin])
        orders = [
            {
                "coin": self._coin,
                "is_buy": is_buy,
                "sz": round(WORTH / middle, self._sz_decimals),
                "limit_px": self._price(middle * (1 - DISTANCE if is_buy else 1 + DISTANCE)),
                "order_type": {"limit": {"tif": "Alo"}},
                "reduce_only": False,
            }
            for is_buy in (True, False)
        ]
        self._exchange.set_expires_after(time.time_ns() // 1_000_000 + LIFE)
        answer = self._exchange.bulk_orders(orders)
        for order, status in zip(orders, statuses(answer), strict=True):
            side = "buy " if order["is_buy"] else "sell"
            print(f"  {side} {order['sz']} {self._coin} at {order['limit_px']}: {status}")

    def take_back(self) -> None:
        """Cancel all quotes."""
        oids = [each["oid"] for each in self._info.open_orders(self._account)]
        self._exchange.set_expires_after(None)
        if oids:
            self._exchange.bulk_cancel([{"coin": self._coin, "oid": oid} for oid in oids])

    def tell_fills(self) -> int:
        """Print the fills that are new; return how many."""
        new = 0
        for fill in reversed(self._fills()):
            which = (fill["oid"], fill["time"], fill["sz"])
            if which not in self._told:
                self._told.add(which)
                new += 1
                side = "bought" if fill["side"] == "B" else "sold"
                print(f"  filled: {side} {fill['sz']} {fill['coin']} at {fill['px']}")
        return new

    def tell_position(self) -> None:
        """Print what the account has."""
        state = self._info.user_state(self._account)
        held = [each["position"] for each in state["assetPositions"]]
        positions = ", ".join(f"{each['szi']} {each['coin']}" for each in held) or "none"
        value = float(state["marginSummary"]["accountValue"])
        print(f"position: {positions}; account value {value:,.2f} USDC")

    def cross(self) -> None:
        """Try what the policies permit and the exchange does not: to only add, and yet to take."""
        self._exchange.set_expires_after(time.time_ns() // 1_000_000 + LIFE)
        middle = float(self._info.all_mids()[self._coin])
        size, price = round(WORTH / middle, self._sz_decimals), self._price(middle * 1.01)
        alo = {"limit": {"tif": "Alo"}}
        answer = self._exchange.order(self._coin, True, size, price, alo)
        print(f"an order that may not take, far above: {statuses(answer)[0]}")

    def overreach(self) -> None:
        """Try what a thief with the bot's certificate would, and show who says no."""
        self._exchange.set_expires_after(time.time_ns() // 1_000_000 + LIFE)
        middle = float(self._info.all_mids()[self._coin])
        large = round(1_000 * WORTH / middle, self._sz_decimals)
        gtc = {"limit": {"tif": "Gtc"}}
        price = self._price(middle)
        attempt("a large order", lambda: self._exchange.order(self._coin, True, large, price, gtc))
        self._exchange.set_expires_after(None)
        small = round(WORTH / middle, self._sz_decimals)
        attempt(
            "an order that never expires",
            lambda: self._exchange.order(self._coin, True, small, price, gtc),
        )
        attempt("a withdrawal", lambda: self._exchange.withdraw_from_bridge(5.0, NOWHERE))

    def _fills(self) -> list[dict[str, Any]]:
        fills: list[dict[str, Any]] = self._info.user_fills(self._account)
        return [fill for fill in fills if fill["coin"] == self._coin]

    def _price(self, price: float) -> float:
        """Round to what the exchange takes: five digits, and six decimals less those of sizes."""
        return round(float(f"{price:.5g}"), 6 - self._sz_decimals)


def statuses(answer: dict[str, Any]) -> list[str]:
    """Return what became of each order, in words.

    Raises:
        SystemExit: The exchange took none of it.
    """
    if answer["status"] != "ok":
        sys.exit(f"the exchange says: {answer['response']}")
    found = []
    for status in answer["response"]["data"]["statuses"]:
        what, details = next(iter(status.items()))
        found.append(f"refused by the exchange: {details}" if what == "error" else what)
    return found


def attempt(what: str, call: Callable[[], Any]) -> bool:
    """Say whether the daemon signs something, and if not, which of its policies decided."""
    try:
        print(f"  {what}: signed, and the exchange says {call()}")
    except signward.SignwardError as error:
        decided = error.metadata.get("policies") or "no policy permits it"
        print(f"  {what}: {error.reason} ({decided})")
        return False
    return True


@contextmanager
def somewhere(url: str, account: str) -> Iterator[str]:
    """Yield the URL of the exchange; without one, serve a paper exchange with this account."""
    if url:
        yield url
        return
    exchange = Exchange()
    exchange.accounts.open(account)
    with Crowd(exchange), Server(exchange) as server:
        yield server.url


def main(arguments: argparse.Namespace) -> int:
    """Quote for some rounds; a refused quote ends it."""
    try:
        with signward.Client.from_environment() as client:
            public = client.get_public_key(arguments.key).public_key
            account = arguments.account or public.ethereum_address
            with somewhere(arguments.url, account) as url:
                print(f"{arguments.key} signs as {public.ethereum_address}, posts to {url}")
                exchange = SignwardExchange(client, arguments.key, url, account_address=account)
                bot = Bot(exchange, account, arguments.coin)
                trade(bot, arguments.rounds, overreach=not arguments.url)
    except signward.SignwardError as error:
        decided = error.metadata.get("policies", "")
        print(f"not signed: {error} {decided}".rstrip(), file=sys.stderr)
        return 1
    return 0


def trade(bot: Bot, rounds: int, *, overreach: bool) -> None:
    """Quote and wait, again and again; in the end nothing is left in the book."""
    fills = 0
    for number in range(rounds):
        print(f"round {number + 1}")
        bot.quote()
        time.sleep(1)
        fills += bot.tell_fills()
    if overreach:
        bot.cross()
        print("what the policies say to more than that")
        bot.overreach()
    bot.take_back()
    print(f"{fills} fills")
    bot.tell_position()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("key", help="id of a key of purpose hyperliquid")
    parser.add_argument("--url", default="", help="of the exchange; default: a paper exchange")
    parser.add_argument("--account", default="", help="account that the key is an agent of")
    parser.add_argument("--coin", default="ETH")
    parser.add_argument("--rounds", type=int, default=5)
    sys.exit(main(parser.parse_args()))
