"""Orders that take the place of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from signward_server.chains.hyperliquid.kind import Setting
from signward_server.chains.hyperliquid.orders import (
    ORDER_FIELDS,
    Order,
    order_intents,
    order_record,
    read_order,
)
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.core.actions import FieldType
from signward_server.core.signing import Intent

__all__ = ["MODIFY_FIELDS", "Modify", "modify_intents", "modify_record", "read_modify"]

_MAX_OID = 2**64 - 1
_TARGETS = {"oid": "oid", "cloid": "cloid"}

MODIFY_FIELDS: Mapping[str, FieldType] = {
    **ORDER_FIELDS,
    "oid": FieldType.NUMBER,
    "target_cloid": FieldType.TEXT,
}
"""Fields of the Intent of one order that takes the place of another."""


class Modify(NamedTuple):
    """One of them.

    Attributes:
        wire: As the exchange has it.
        order: What it becomes.
    """

    wire: dict[str, object]
    order: Order


def read_modify(reader: Reader, setting: Setting) -> Modify:
    """Read which order becomes what."""
    oid, cloid = 0, ""
    if reader.choice("target", _TARGETS) == "oid":
        oid = reader.uint("oid", _MAX_OID)
    else:
        cloid = reader.cloid("cloid")
    order = read_order(reader.record("order"), setting)
    order.fields["oid"] = reader.within("oid", oid)
    order.fields["target_cloid"] = cloid
    return Modify({"oid": cloid or oid, "order": order.wire}, order)


def modify_intents(reader: Reader, action: str, modifies: Sequence[Modify]) -> tuple[Intent, ...]:
    """Return an Intent for each of them, with the totals of all."""
    return order_intents(reader, action, [modify.order for modify in modifies])


def modify_record(source: object) -> dict[str, object]:
    """Return one of the exchange's JSON as the API's record."""
    if not isinstance(source, Mapping):
        return {}
    oid = source.get("oid")
    target = "cloid" if isinstance(oid, str) else "oid"
    return {"target": target, target: oid, "order": order_record(source.get("order"))}
