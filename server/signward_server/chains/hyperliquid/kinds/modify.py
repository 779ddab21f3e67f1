"""Replaces one order."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.modifying import (
    MODIFY_FIELDS,
    modify_intents,
    modify_record,
    read_modify,
)
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.core.actions import ActionGroup

__all__ = ["MODIFY"]


def _build(reader: Reader, setting: Setting) -> Built:
    modify = read_modify(reader, setting)
    return Built(
        {"type": "modify", **modify.wire}, modify_intents(reader, MODIFY.action.name, [modify])
    )


def _record(action: Mapping[str, object]) -> dict[str, object]:
    return modify_record(action)


MODIFY = Kind(
    name="modify",
    wire="modify",
    action=policy_action("modify", MODIFY_FIELDS, group=ActionGroup.TRADE),
    build=_build,
    record=_record,
)
