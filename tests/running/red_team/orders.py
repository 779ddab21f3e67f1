"""Trading against oneself: orders that lose what the thief wins."""

from __future__ import annotations

from typing import Final

from signward.v1 import hyperliquid_pb2 as pb

from tests.running.red_team.attempts import INVALID, UNSUPPORTED, Attempt
from tests.running.red_team.thieves import THIEF, Thief, payload

__all__ = ["ORDERS"]

_IOC: Final = pb.HYPERLIQUID_TIF_IOC
_HOUR: Final = 3_600_000
_FAR: Final = 2**63


def _trigger(thief: Thief) -> pb.HyperliquidPayload:
    order = thief.order(sz="0", is_buy=False)
    order.trigger.is_market = True
    order.trigger.trigger_px = "1"
    order.trigger.tpsl = pb.HYPERLIQUID_TPSL_SL
    made = thief.orders(order)
    made.order.grouping = pb.HYPERLIQUID_GROUPING_POSITION_TPSL
    return made


def _grouped(thief: Thief) -> pb.HyperliquidPayload:
    made = thief.orders()
    made.order.grouping = pb.HYPERLIQUID_GROUPING_NORMAL_TPSL
    return made


def _hurried(thief: Thief, rate: int) -> pb.HyperliquidPayload:
    made = thief.orders()
    made.order.priority_rate = rate
    return made


def _modified(thief: Thief, *orders: pb.HyperliquidOrder) -> pb.HyperliquidPayload:
    modifies = [pb.HyperliquidModify(oid=n, order=order) for n, order in enumerate(orders)]
    action = pb.HyperliquidBatchModify(modifies=modifies)
    return pb.HyperliquidPayload(batch_modify=action, expires_after=thief.soon)


ORDERS: Final = (
    Attempt(
        "sell at a low limit, which understates the notional",
        lambda t: t.orders(t.order("0.01", "0.1", is_buy=False)),
    ),
    Attempt(
        "the same, to be filled at once",
        lambda t: t.orders(t.order("0.01", "9", is_buy=False, tif=_IOC)),
    ),
    Attempt("sell at a limit of 0", lambda t: t.orders(t.order("0", is_buy=False))),
    Attempt("buy at a high limit", lambda t: t.orders(t.order("99999"))),
    Attempt("a limit a trifle off the band", lambda t: t.orders(t.order("66301"))),
    Attempt("a large size", lambda t: t.orders(t.order(sz="10"))),
    Attempt("more value than an order may have", lambda t: t.orders(t.order(sz="0.39"))),
    Attempt(
        "more of the second asset than an order may have",
        lambda t: t.orders(t.order("3500", "5.1", asset=1)),
    ),
    Attempt("an asset of another desk", lambda t: t.orders(t.order("150", "1", asset=5))),
    Attempt("the number of an asset on testnet", lambda t: t.orders(t.order(asset=3))),
    Attempt(
        "an asset that nobody else trades", lambda t: t.orders(t.order("0.1", "1", asset=12345))
    ),
    Attempt("an asset of spot", lambda t: t.orders(t.order("1", "1", asset=10_107))),
    Attempt(
        "one bad order among good ones",
        lambda t: t.orders(t.order(), t.order("1", is_buy=False), t.order()),
    ),
    Attempt(
        "one bad order at the end of many",
        lambda t: t.orders(*[t.order(sz="0.001")] * 19, t.order("130000", sz="0.001")),
    ),
    Attempt("many good orders, too much together", lambda t: t.orders(*[t.order(sz="0.15")] * 40)),
    Attempt("some good orders, too much together", lambda t: t.orders(*[t.order(sz="0.15")] * 21)),
    Attempt("orders that belong together", _grouped),
    Attempt(
        "pay a fee to the thief",
        lambda t: t.orders(builder=pb.HyperliquidBuilder(address=THIEF, fee=100)),
    ),
    Attempt(
        "pay a fee of nothing to the thief",
        lambda t: t.orders(builder=pb.HyperliquidBuilder(address=THIEF, fee=0)),
    ),
    Attempt("pay as much as is filled for priority", lambda t: _hurried(t, 100_000_000)),
    Attempt("pay a trifle for priority", lambda t: _hurried(t, 1)),
    Attempt("pay more than is filled for priority", lambda t: _hurried(t, 100_000_001), INVALID),
    Attempt("close the whole position by a trigger, size 0", _trigger),
    Attempt(
        "an order worked over time",
        lambda t: payload(
            twap_order=pb.HyperliquidTwapOrder(asset=0, is_buy=True, sz="0.1", minutes=5),
            expires_after=t.soon,
        ),
    ),
    Attempt("an order without an end", lambda t: t.orders(expires_after=0)),
    Attempt("an order that ends in an hour", lambda t: t.orders(expires_after=t.now + _HOUR)),
    Attempt(
        "an order that ends in 292 million years",
        lambda t: t.orders(expires_after=_FAR - 1),
    ),
    Attempt(
        "an order that ends later than anybody counts",
        lambda t: t.orders(expires_after=_FAR),
        UNSUPPORTED,
    ),
    Attempt("trade for the thief's vault", lambda t: t.orders(vault_address=THIEF)),
    Attempt(
        "trade for a vault that is no address",
        lambda t: t.orders(vault_address=THIEF[2:]),
        INVALID,
    ),
    Attempt(
        "modify an order to a bad price",
        lambda t: payload(
            modify=pb.HyperliquidModify(oid=7, order=t.order("1", is_buy=False)),
            expires_after=t.soon,
        ),
    ),
    Attempt(
        "modify one of two orders to a bad size", lambda t: _modified(t, t.order(), t.order(sz="9"))
    ),
    Attempt(
        "raise the leverage",
        lambda t: payload(
            update_leverage=pb.HyperliquidUpdateLeverage(asset=0, is_cross=True, leverage=50),
            expires_after=t.soon,
        ),
    ),
    Attempt(
        "take margin out of a position",
        lambda t: payload(
            update_isolated_margin=pb.HyperliquidUpdateIsolatedMargin(asset=0, ntli=-(10**9)),
            expires_after=t.soon,
        ),
    ),
    Attempt(
        "a product that no policy could count",
        lambda t: t.orders(t.order("92233720368", "92233720368")),
        UNSUPPORTED,
    ),
    Attempt(
        "a sum that no policy could count",
        lambda t: t.orders(*[t.order("60000000000", "1")] * 2),
        UNSUPPORTED,
    ),
    Attempt("a nonce of tomorrow", lambda t: _numbered(t, t.now + 24 * _HOUR)),
    Attempt("a nonce of the next minute", lambda t: _numbered(t, t.now + 60_000)),
    Attempt("a nonce of its own", lambda t: _numbered(t, t.now + 1)),
    Attempt(
        "take back the plan to cancel everything",
        lambda _: pb.HyperliquidPayload(schedule_cancel=pb.HyperliquidScheduleCancel()),
    ),
)


def _numbered(thief: Thief, nonce: int) -> pb.HyperliquidPayload:
    made = thief.good()
    made.nonce = nonce
    return made
