"""Whose certificate was stolen, and what that identity may sign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from signward.v1 import hyperliquid_pb2 as pb

__all__ = ["HOME", "PRICES", "THIEF", "THIEVES", "Thief", "payload"]

THIEF: Final = f"0x{'dead' * 10}"
"""Where all of it would go."""
HOME: Final = "0x00000000000000000000000000000000000a11ce"
"""The address that withdrawals are pinned to."""
PRICES: Final = {"0": "65000", "1": "3500", "3": "65000", "5": "150"}
"""Reference prices on mainnet; assets 3 and 5 are on no list there."""
_SOON: Final = 30_000  # milliseconds


@dataclass(frozen=True, slots=True)
class Thief:
    """An identity in the hands of a thief.

    Attributes:
        policy: Folder of the policies that let it in.
        name: Of its certificate.
        key: The key that it may sign with.
        label: The key's label ``hyperliquid``; empty for none.
        tif: How its orders stay; 0: it may place none.
        now: Milliseconds since the epoch.
    """

    policy: str
    name: str
    key: str
    label: str = ""
    tif: pb.HyperliquidTif.ValueType = pb.HYPERLIQUID_TIF_UNSPECIFIED
    now: int = 0

    @property
    def identity(self) -> str:
        return f"cn:{self.name}"

    @property
    def soon(self) -> int:
        return self.now + _SOON

    def order(
        self,
        limit_px: str = "65000",
        sz: str = "0.1",
        *,
        asset: int = 0,
        is_buy: bool = True,
        tif: pb.HyperliquidTif.ValueType | None = None,
        cloid: str = "",
    ) -> pb.HyperliquidOrder:
        """Return an order that it may place, if it may place any, but for what is said."""
        stays = self.tif if tif is None else tif
        return pb.HyperliquidOrder(
            asset=asset,
            is_buy=is_buy,
            limit_px=limit_px,
            sz=sz,
            limit=pb.HyperliquidLimit(tif=stays or pb.HYPERLIQUID_TIF_IOC),
            cloid=cloid,
        )

    def orders(
        self,
        *orders: pb.HyperliquidOrder,
        vault_address: str = "",
        expires_after: int | None = None,
        builder: pb.HyperliquidBuilder | None = None,
    ) -> pb.HyperliquidPayload:
        """Return an action of these orders, or of one that it may place."""
        action = pb.HyperliquidOrders(orders=orders or [self.order()], builder=builder)
        return pb.HyperliquidPayload(
            order=action,
            vault_address=vault_address,
            expires_after=self.soon if expires_after is None else expires_after,
        )

    def good(self) -> pb.HyperliquidPayload:
        """Return what it may sign; for the treasury, what it may once somebody approves."""
        if self.tif:
            return self.orders()
        if self.label == "treasury":
            withdraw = pb.HyperliquidWithdraw(destination=HOME, amount="1000")
            return pb.HyperliquidPayload(withdraw=withdraw)
        cancels = pb.HyperliquidCancels(cancels=[pb.HyperliquidCancel(asset=0, oid=7)])
        return pb.HyperliquidPayload(cancel=cancels)


THIEVES: Final = (
    Thief("market_maker", "mm-bot", "mm", "market-maker", pb.HYPERLIQUID_TIF_ALO),
    Thief("taker_daily_cap", "taker-bot", "taker", "taker", pb.HYPERLIQUID_TIF_IOC),
    Thief("cancel_only", "watchdog", "mm"),
    Thief("withdraw_pinned", "treasury", "treasury", "treasury"),
    Thief("agent_only", "agent-bot", "agent", "agent", pb.HYPERLIQUID_TIF_GTC),
)


def payload(**action: object) -> pb.HyperliquidPayload:
    """Return a payload of one action."""
    return pb.HyperliquidPayload(**action)  # type: ignore[arg-type]
