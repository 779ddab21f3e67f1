"""Orders, as three kinds have them: placed, and put in the place of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from signward_server.chains.hyperliquid.kind import Setting
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import renamed
from signward_server.core.actions import FieldType
from signward_server.core.decimals import MAX_UNITS, product
from signward_server.core.signing import Intent, IntentValue

__all__ = ["ORDER_FIELDS", "Order", "order_intents", "order_record", "read_order"]

_TEXT, _NUMBER, _FLAG = FieldType.TEXT, FieldType.NUMBER, FieldType.FLAG
_BASIS_POINTS = 10_000

ORDER_FIELDS: Mapping[str, FieldType] = {
    "asset": _NUMBER,
    "is_buy": _FLAG,
    "px": _NUMBER,
    "sz": _NUMBER,
    "notional": _NUMBER,
    "value": _NUMBER,
    "reference_px": _NUMBER,
    "has_reference": _FLAG,
    "deviation_bps": _NUMBER,
    "tif": _TEXT,
    "reduce_only": _FLAG,
    "trigger": _TEXT,
    "trigger_px": _NUMBER,
    "trigger_is_market": _FLAG,
    "cloid": _TEXT,
    "builder": _TEXT,
    "builder_fee": _NUMBER,
    "grouping": _TEXT,
    "priority_rate": _NUMBER,
    "orders": _NUMBER,
    "total_notional": _NUMBER,
    "total_value": _NUMBER,
}
"""Fields of the Intent of one order; amounts, prices and the priority rate are in 1e-8 units."""

_TYPES = {"limit": "limit", "trigger": "trigger"}
_TIFS = {"alo": "Alo", "ioc": "Ioc", "gtc": "Gtc"}
_TPSLS = {"tp": "tp", "sl": "sl"}
_TIF_WORDS = {wire: word for word, wire in _TIFS.items()}
_NAMES = {
    "a": "asset",
    "b": "is_buy",
    "p": "limit_px",
    "s": "sz",
    "r": "reduce_only",
    "c": "cloid",
}


class Order(NamedTuple):
    """One order.

    Attributes:
        wire: As the exchange has it.
        fields: Of its Intent, but for those that depend on the others in the action.
        notional: Price times size, 1e-8 units.
        value: The same by the reference price, if that is higher.
    """

    wire: dict[str, object]
    fields: dict[str, IntentValue]
    notional: int
    value: int


def read_order(reader: Reader, setting: Setting) -> Order:
    """Read one order of the API."""
    asset, is_buy = reader.uint("asset"), reader.flag("is_buy")
    px_text, px = reader.decimal("limit_px")
    sz_text, sz = reader.decimal("sz")
    reduce_only = reader.flag("reduce_only")
    cloid = reader.cloid("cloid", optional=True)
    kind, type_fields = _read_type(reader)
    wire: dict[str, object] = {
        "a": asset,
        "b": is_buy,
        "p": px_text,
        "s": sz_text,
        "r": reduce_only,
        "t": kind,
    }
    if cloid:
        wire["c"] = cloid
    reference = setting.references.price(setting.network, asset)
    notional = reader.within("limit_px", product(sz, px))
    value = notional
    if reference > px:
        value = reader.within("sz", product(sz, reference))
    fields: dict[str, IntentValue] = {
        **setting.common,
        "asset": asset,
        "is_buy": is_buy,
        "px": px,
        "sz": sz,
        "notional": notional,
        "value": value,
        "reference_px": reference,
        "has_reference": reference != 0,
        "deviation_bps": _deviation(px, reference),
        "reduce_only": reduce_only,
        "cloid": cloid,
        **type_fields,
    }
    return Order(wire, fields, notional, value)


def order_intents(
    reader: Reader,
    action: str,
    orders: Sequence[Order],
    *,
    grouping: str = "na",
    builder: str = "",
    builder_fee: int = 0,
    priority_rate: int = 0,
) -> tuple[Intent, ...]:
    """Return an Intent for each order of an action, with the totals of all."""
    notional = value = 0
    for order in orders:
        notional += order.notional
        value += order.value
    totals: dict[str, IntentValue] = {
        "builder": builder,
        "builder_fee": builder_fee,
        "grouping": grouping,
        "priority_rate": priority_rate,
        "orders": len(orders),
        "total_notional": reader.within("orders", notional),
        "total_value": reader.within("orders", value),
    }
    intents = []
    for order in orders:
        order.fields.update(totals)
        intents.append(Intent(action, order.fields))
    return tuple(intents)


def order_record(source: object) -> dict[str, object]:
    """Return an order of the exchange's JSON as the API's record."""
    record = renamed(source, _NAMES)
    kind = source.get("t") if isinstance(source, Mapping) else None
    if isinstance(kind, Mapping):
        if "limit" in kind:
            limit = renamed(kind["limit"], {"tif": "tif"})
            limit["tif"] = _TIF_WORDS.get(str(limit.get("tif")))
            record |= {"type": "limit", "limit": limit}
        elif "trigger" in kind:
            names = {"isMarket": "is_market", "triggerPx": "trigger_px", "tpsl": "tpsl"}
            record |= {"type": "trigger", "trigger": renamed(kind["trigger"], names)}
    return record


def _read_type(reader: Reader) -> tuple[dict[str, object], dict[str, IntentValue]]:
    """Return how an order is executed: the exchange's ``t``, and fields of its Intent."""
    if reader.choice("type", _TYPES) == "limit":
        tif = reader.record("limit").choice("tif", _TIFS)
        return {"limit": {"tif": tif}}, {
            "tif": tif.lower(),
            "trigger": "",
            "trigger_px": 0,
            "trigger_is_market": False,
        }
    trigger = reader.record("trigger")
    is_market = trigger.flag("is_market")
    text, units = trigger.decimal("trigger_px")
    tpsl = trigger.choice("tpsl", _TPSLS)
    wire = {"isMarket": is_market, "triggerPx": text, "tpsl": tpsl}
    return {"trigger": wire}, {
        "tif": "",
        "trigger": tpsl,
        "trigger_px": units,
        "trigger_is_market": is_market,
    }


def _deviation(px: int, reference: int) -> int:
    """Return how far a price is from the reference, in basis points of that, rounded up."""
    if not reference:
        return MAX_UNITS
    return min(-(-abs(px - reference) * _BASIS_POINTS // reference), MAX_UNITS)
