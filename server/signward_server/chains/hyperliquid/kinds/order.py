"""Places orders."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.orders import (
    ORDER_FIELDS,
    order_intents,
    order_record,
    read_order,
)
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import each, renamed
from signward_server.core.actions import ActionGroup

__all__ = ["ORDER"]

_MAX_ORDERS = 256
_MAX_RATE = 100_000_000  # of 1e-8: all of it; what @nktkas/hyperliquid 0.33.3 lets through
_GROUPINGS = {"": "na", "normal_tpsl": "normalTpsl", "position_tpsl": "positionTpsl"}
_GROUPING_WORDS = {wire: word for word, wire in _GROUPINGS.items()}


def _build(reader: Reader, setting: Setting) -> Built:
    orders = [read_order(inner, setting) for inner in reader.records("orders", _MAX_ORDERS)]
    grouping, word, rate = _read_grouping(reader)
    wire: dict[str, object] = {
        "type": "order",
        "orders": [order.wire for order in orders],
        "grouping": grouping,
    }
    builder, fee = "", 0
    if reader.given("builder"):
        given = reader.record("builder")
        builder, fee = given.address("address"), given.uint("fee")
        wire["builder"] = {"b": builder, "f": fee}
    intents = order_intents(
        reader,
        ORDER.action.name,
        orders,
        grouping=word,
        builder=builder,
        builder_fee=fee,
        priority_rate=rate,
    )
    return Built(wire, intents)


def _read_grouping(reader: Reader) -> tuple[object, str, int]:
    """Return the exchange's ``grouping``, and the word and the rate that policies see of it."""
    rate = 0
    if reader.given("priority_rate"):
        least = 1 if reader.is_json else 0  # JSON without a rate has a word there
        rate = reader.uint("priority_rate", _MAX_RATE, least)
    grouping = reader.choice("grouping", _GROUPINGS)
    if not rate:
        return grouping, _GROUPING_WORDS[grouping] or "na", 0
    if grouping != "na":
        reader.note("grouping", "Must be left out: a priority rate takes its place.")
    return {"p": rate}, "na", rate


def _record(action: Mapping[str, object]) -> dict[str, object]:
    record: dict[str, object] = {
        "orders": each(action.get("orders"), order_record),
        **_grouping_record(action.get("grouping")),
    }
    if "builder" in action:
        record["builder"] = renamed(action["builder"], {"b": "address", "f": "fee"})
    return record


def _grouping_record(grouping: object) -> dict[str, object]:
    if not isinstance(grouping, Mapping):
        return {"grouping": _GROUPING_WORDS.get(str(grouping))}
    rate = grouping.get("p")
    return {"grouping": "", "priority_rate": "" if rate is None else rate}


ORDER = Kind(
    name="order",
    wire="order",
    action=policy_action("order", ORDER_FIELDS, group=ActionGroup.TRADE),
    build=_build,
    record=_record,
)
