"""Cancels orders by their client order id."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import each, renamed
from signward_server.core.actions import ActionGroup, FieldType

__all__ = ["CANCEL_BY_CLOID"]


_MAX_CANCELS = 256


def _build(reader: Reader, setting: Setting) -> Built:
    cancels = [
        {"asset": inner.uint("asset"), "cloid": inner.cloid("cloid")}
        for inner in reader.records("cancels", _MAX_CANCELS)
    ]
    intent = CANCEL_BY_CLOID.intent(setting, {"cancels": len(cancels)})
    return Built({"type": "cancelByCloid", "cancels": cancels}, (intent,))


def _record(action: Mapping[str, object]) -> dict[str, object]:
    names = {"asset": "asset", "cloid": "cloid"}
    return {"cancels": each(action.get("cancels"), lambda cancel: renamed(cancel, names))}


CANCEL_BY_CLOID = Kind(
    name="cancel_by_cloid",
    wire="cancelByCloid",
    action=policy_action(
        "cancel_by_cloid", {"cancels": FieldType.NUMBER}, group=ActionGroup.CANCEL
    ),
    build=_build,
    record=_record,
)
