"""Begins an order that is worked over time."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import renamed
from signward_server.core.actions import ActionGroup, FieldType
from signward_server.core.decimals import product

__all__ = ["TWAP_ORDER"]


_NAMES = {
    "a": "asset",
    "b": "is_buy",
    "s": "sz",
    "r": "reduce_only",
    "m": "minutes",
    "t": "randomize",
}


def _build(reader: Reader, setting: Setting) -> Built:
    asset, is_buy = reader.uint("asset"), reader.flag("is_buy")
    text, sz = reader.decimal("sz")
    reduce_only = reader.flag("reduce_only")
    minutes, randomize = reader.uint("minutes", least=1), reader.flag("randomize")
    reference = setting.references.price(setting.network, asset)
    intent = TWAP_ORDER.intent(
        setting,
        {
            "asset": asset,
            "is_buy": is_buy,
            "sz": sz,
            "reduce_only": reduce_only,
            "minutes": minutes,
            "randomize": randomize,
            "reference_px": reference,
            "has_reference": reference != 0,
            "value": reader.within("sz", product(sz, reference)),
        },
    )
    twap = {"a": asset, "b": is_buy, "s": text, "r": reduce_only, "m": minutes, "t": randomize}
    return Built({"type": "twapOrder", "twap": twap}, (intent,))


def _record(action: Mapping[str, object]) -> dict[str, object]:
    return renamed(action.get("twap"), _NAMES)


TWAP_ORDER = Kind(
    name="twap_order",
    wire="twapOrder",
    action=policy_action(
        "twap_order",
        {
            "asset": FieldType.NUMBER,
            "is_buy": FieldType.FLAG,
            "sz": FieldType.NUMBER,
            "reduce_only": FieldType.FLAG,
            "minutes": FieldType.NUMBER,
            "randomize": FieldType.FLAG,
            "reference_px": FieldType.NUMBER,
            "has_reference": FieldType.FLAG,
            "value": FieldType.NUMBER,
        },
        group=ActionGroup.TRADE,
    ),
    build=_build,
    record=_record,
)
