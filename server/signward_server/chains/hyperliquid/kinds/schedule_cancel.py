"""Cancels everything at a time to come, or takes that back."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import renamed
from signward_server.core.actions import ActionGroup, FieldType

__all__ = ["SCHEDULE_CANCEL"]


_MAX_TIME = 2**63 - 1


def _build(reader: Reader, setting: Setting) -> Built:
    wire: dict[str, object] = {"type": "scheduleCancel"}
    is_set = reader.given("time")
    if is_set:
        wire["time"] = reader.uint("time", _MAX_TIME)
    intent = SCHEDULE_CANCEL.intent(setting, {"cancels": 0, "is_set": is_set})
    return Built(wire, (intent,))


def _record(action: Mapping[str, object]) -> dict[str, object]:
    return renamed(action, {"time": "time"})


SCHEDULE_CANCEL = Kind(
    name="schedule_cancel",
    wire="scheduleCancel",
    action=policy_action(
        "schedule_cancel",
        {"cancels": FieldType.NUMBER, "is_set": FieldType.FLAG},
        group=ActionGroup.CANCEL,
    ),
    build=_build,
    record=_record,
)
