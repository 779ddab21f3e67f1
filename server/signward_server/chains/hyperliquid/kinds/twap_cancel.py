"""Ends an order that is worked over time."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import renamed
from signward_server.core.actions import ActionGroup, FieldType

__all__ = ["TWAP_CANCEL"]


_MAX_ID = 2**64 - 1


def _build(reader: Reader, setting: Setting) -> Built:
    wire: dict[str, object] = {
        "type": "twapCancel",
        "a": reader.uint("asset"),
        "t": reader.uint("twap_id", _MAX_ID),
    }
    return Built(wire, (TWAP_CANCEL.intent(setting, {"cancels": 1}),))


def _record(action: Mapping[str, object]) -> dict[str, object]:
    return renamed(action, {"a": "asset", "t": "twap_id"})


TWAP_CANCEL = Kind(
    name="twap_cancel",
    wire="twapCancel",
    action=policy_action("twap_cancel", {"cancels": FieldType.NUMBER}, group=ActionGroup.CANCEL),
    build=_build,
    record=_record,
)
