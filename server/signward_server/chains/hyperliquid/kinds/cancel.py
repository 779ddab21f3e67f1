"""Cancels orders by their number."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import each, renamed
from signward_server.core.actions import ActionGroup, FieldType

__all__ = ["CANCEL"]

_MAX_CANCELS = 256
_MAX_OID = 2**64 - 1


def _build(reader: Reader, setting: Setting) -> Built:
    cancels = [
        {"a": inner.uint("asset"), "o": inner.uint("oid", _MAX_OID)}
        for inner in reader.records("cancels", _MAX_CANCELS)
    ]
    intent = CANCEL.intent(setting, {"cancels": len(cancels)})
    return Built({"type": "cancel", "cancels": cancels}, (intent,))


def _record(action: Mapping[str, object]) -> dict[str, object]:
    names = {"a": "asset", "o": "oid"}
    return {"cancels": each(action.get("cancels"), lambda cancel: renamed(cancel, names))}


CANCEL = Kind(
    name="cancel",
    wire="cancel",
    action=policy_action("cancel", {"cancels": FieldType.NUMBER}, group=ActionGroup.CANCEL),
    build=_build,
    record=_record,
)
