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
_GROUPINGS = {"": "na", "normal_tpsl": "normalTpsl", "position_tpsl": "positionTpsl"}
_GROUPING_WORDS = {wire: word for word, wire in _GROUPINGS.items()}


def _build(reader: Reader, setting: Setting) -> Built:
    orders = [read_order(inner, setting) for inner in reader.records("orders", _MAX_ORDERS)]
    grouping = reader.choice("grouping", _GROUPINGS)
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
        grouping=_GROUPING_WORDS[grouping] or "na",
        builder=builder,
        builder_fee=fee,
    )
    return Built(wire, intents)


def _record(action: Mapping[str, object]) -> dict[str, object]:
    record: dict[str, object] = {
        "orders": each(action.get("orders"), order_record),
        "grouping": _GROUPING_WORDS.get(str(action.get("grouping"))),
    }
    if "builder" in action:
        record["builder"] = renamed(action["builder"], {"b": "address", "f": "fee"})
    return record


ORDER = Kind(
    name="order",
    wire="order",
    action=policy_action("order", ORDER_FIELDS, group=ActionGroup.TRADE),
    build=_build,
    record=_record,
)
