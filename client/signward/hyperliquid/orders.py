"""Orders and what replaces them, from the exchange's objects to the API's messages.

Each function takes what it knows and leaves it to its caller to see that nothing is left.
"""

from __future__ import annotations

from signward.hyperliquid.reader import Reader, Unlike
from signward.v1 import hyperliquid_pb2 as pb

__all__ = ["batch_modify", "modify", "orders"]

_TIF = {
    "Alo": pb.HYPERLIQUID_TIF_ALO,
    "Ioc": pb.HYPERLIQUID_TIF_IOC,
    "Gtc": pb.HYPERLIQUID_TIF_GTC,
}
_TPSL = {"tp": pb.HYPERLIQUID_TPSL_TP, "sl": pb.HYPERLIQUID_TPSL_SL}
_GROUPING = {
    "na": pb.HYPERLIQUID_GROUPING_UNSPECIFIED,
    "normalTpsl": pb.HYPERLIQUID_GROUPING_NORMAL_TPSL,
    "positionTpsl": pb.HYPERLIQUID_GROUPING_POSITION_TPSL,
}


def orders(action: Reader) -> pb.HyperliquidOrders:
    """Return the message of an ``order``."""
    message = pb.HyperliquidOrders(orders=[_order(each) for each in action.each("orders")])
    if action.has("grouping", str):
        message.grouping = action.choice("grouping", _GROUPING)
    else:
        message.priority_rate = _priority_rate(action.inner("grouping"))
    if action.has("builder"):
        builder = action.inner("builder")
        message.builder.address = builder.take("b", str)
        message.builder.fee = builder.take("f", int)
        builder.end()
    return message


def modify(action: Reader) -> pb.HyperliquidModify:
    """Return the message of a ``modify``, or of one part of a ``batchModify``."""
    order = _order(action.inner("order"))
    if action.has("oid", str):
        return pb.HyperliquidModify(cloid=action.take("oid", str), order=order)
    return pb.HyperliquidModify(oid=action.take("oid", int), order=order)


def batch_modify(action: Reader) -> pb.HyperliquidBatchModify:
    """Return the message of a ``batchModify``."""
    message = pb.HyperliquidBatchModify()
    for each in action.each("modifies"):
        message.modifies.append(modify(each))
        each.end()
    return message


def _priority_rate(wire: Reader) -> int:
    rate = wire.take("p", int)
    wire.end()
    if not rate:
        raise Unlike  # no message has a rate of 0, which is none
    return rate


def _order(wire: Reader) -> pb.HyperliquidOrder:
    message = pb.HyperliquidOrder(
        asset=wire.take("a", int),
        is_buy=wire.take("b", bool),
        limit_px=wire.take("p", str),
        sz=wire.take("s", str),
        reduce_only=wire.take("r", bool),
    )
    if wire.has("c"):
        message.cloid = wire.take("c", str)
    _execution(wire.inner("t"), message)
    wire.end()
    return message


def _execution(wire: Reader, message: pb.HyperliquidOrder) -> None:
    """Set how an order is executed."""
    if wire.has("limit"):
        inner = wire.inner("limit")
        message.limit.tif = inner.choice("tif", _TIF)
    else:
        inner = wire.inner("trigger")
        message.trigger.is_market = inner.take("isMarket", bool)
        message.trigger.trigger_px = inner.take("triggerPx", str)
        message.trigger.tpsl = inner.choice("tpsl", _TPSL)
    inner.end()
    wire.end()
