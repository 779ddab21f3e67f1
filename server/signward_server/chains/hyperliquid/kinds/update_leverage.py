"""Sets the leverage of an asset."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import renamed
from signward_server.core.actions import FieldType

__all__ = ["UPDATE_LEVERAGE"]


_NAMES = {"asset": "asset", "isCross": "is_cross", "leverage": "leverage"}


def _build(reader: Reader, setting: Setting) -> Built:
    asset, is_cross = reader.uint("asset"), reader.flag("is_cross")
    leverage = reader.uint("leverage", least=1)
    intent = UPDATE_LEVERAGE.intent(
        setting, {"asset": asset, "is_cross": is_cross, "leverage": leverage}
    )
    wire: dict[str, object] = {
        "type": "updateLeverage",
        "asset": asset,
        "isCross": is_cross,
        "leverage": leverage,
    }
    return Built(wire, (intent,))


def _record(action: Mapping[str, object]) -> dict[str, object]:
    return renamed(action, _NAMES)


UPDATE_LEVERAGE = Kind(
    name="update_leverage",
    wire="updateLeverage",
    action=policy_action(
        "update_leverage",
        {
            "asset": FieldType.NUMBER,
            "is_cross": FieldType.FLAG,
            "leverage": FieldType.NUMBER,
        },
    ),
    build=_build,
    record=_record,
)
