"""Actions that place orders or replace them: what a caller says, and what the exchange gets."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st
from signward.v1 import hyperliquid_pb2 as pb

from tests.interop.hyperliquid import atoms
from tests.interop.hyperliquid.cases import Action, Said

__all__ = ["ORDER_ACTIONS"]

Drawn = tuple[pb.HyperliquidPayload, Action]

_TIFS = {
    "Alo": pb.HYPERLIQUID_TIF_ALO,
    "Ioc": pb.HYPERLIQUID_TIF_IOC,
    "Gtc": pb.HYPERLIQUID_TIF_GTC,
}
_TPSLS = {"tp": pb.HYPERLIQUID_TPSL_TP, "sl": pb.HYPERLIQUID_TPSL_SL}
_GROUPINGS = {
    "na": pb.HYPERLIQUID_GROUPING_UNSPECIFIED,
    "normalTpsl": pb.HYPERLIQUID_GROUPING_NORMAL_TPSL,
    "positionTpsl": pb.HYPERLIQUID_GROUPING_POSITION_TPSL,
}


_ZEROS = (Said("0", "0"), Said("0", "0.0"))


@st.composite
def _orders(draw: st.DrawFn, *, empty: bool = False) -> tuple[pb.HyperliquidOrder, Action]:
    size = draw(atoms.any_of(*_ZEROS) if empty else atoms.sizes())
    price, asset = draw(atoms.prices()), draw(atoms.assets())
    buy, reduce_only = draw(st.booleans()), draw(st.booleans())
    order = pb.HyperliquidOrder(
        asset=asset, is_buy=buy, limit_px=price.said, sz=size.said, reduce_only=reduce_only
    )
    wire: Action = {"a": asset, "b": buy, "p": price, "s": size, "r": reduce_only}
    if not empty and draw(st.booleans()):
        tif = draw(atoms.any_of(*sorted(_TIFS)))
        order.limit.tif = _TIFS[tif]
        wire["t"] = {"limit": {"tif": tif}}
    else:
        market, tpsl = draw(st.booleans()), draw(atoms.any_of(*sorted(_TPSLS)))
        trigger = draw(atoms.prices())
        order.trigger.is_market = market
        order.trigger.trigger_px = trigger.said
        order.trigger.tpsl = _TPSLS[tpsl]
        wire["t"] = {"trigger": {"isMarket": market, "triggerPx": trigger, "tpsl": tpsl}}
    if draw(st.booleans()):
        cloid = draw(atoms.cloids())
        order.cloid = cloid.said
        wire["c"] = cloid
    return order, wire


@st.composite
def _order(draw: st.DrawFn) -> Drawn:
    grouping = draw(atoms.any_of(*sorted(_GROUPINGS), "priority"))
    several = draw(atoms.any_of(1, 1, 1, 2, 2, 3, 16))
    empty = grouping == "positionTpsl" and draw(st.booleans())
    pairs = [draw(_orders(empty=empty)) for _ in range(min(several, 3))]
    pairs = [pairs[i % len(pairs)] for i in range(several)]
    payload = pb.HyperliquidPayload()
    payload.order.orders.extend(order for order, _ in pairs)
    action: Action = {"type": "order", "orders": [wire for _, wire in pairs], "grouping": grouping}
    if grouping == "priority":
        payload.order.priority_rate = draw(atoms.counts(10**8, lowest=1))
        action["grouping"] = {"p": payload.order.priority_rate}
    else:
        payload.order.grouping = _GROUPINGS[grouping]
    if draw(st.booleans()):
        builder, fee = draw(atoms.addresses()), draw(atoms.counts(1_000))
        payload.order.builder.address = builder.said
        payload.order.builder.fee = fee
        action["builder"] = {"b": builder, "f": fee}
    return payload, action


@st.composite
def _replacements(draw: st.DrawFn) -> tuple[pb.HyperliquidModify, Action]:
    order, wire = draw(_orders())
    modify = pb.HyperliquidModify(order=order)
    if draw(st.booleans()):
        oid = modify.oid = draw(atoms.counts(lowest=1))
        return modify, {"oid": oid, "order": wire}
    cloid = draw(atoms.cloids())
    modify.cloid = cloid.said
    return modify, {"oid": cloid, "order": wire}


def _modify() -> st.SearchStrategy[Drawn]:
    return _replacements().map(
        lambda pair: (pb.HyperliquidPayload(modify=pair[0]), {"type": "modify", **pair[1]})
    )


@st.composite
def _batch_modify(draw: st.DrawFn) -> Drawn:
    pairs = draw(st.lists(_replacements(), min_size=1, max_size=4))
    payload = pb.HyperliquidPayload()
    payload.batch_modify.modifies.extend(modify for modify, _ in pairs)
    return payload, {"type": "batchModify", "modifies": [wire for _, wire in pairs]}


ORDER_ACTIONS: Mapping[str, st.SearchStrategy[Drawn]] = {
    "order": _order(),
    "modify": _modify(),
    "batch_modify": _batch_modify(),
}
"""By the name of the kind in this API."""
