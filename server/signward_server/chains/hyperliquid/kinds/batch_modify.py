"""Replaces several orders."""

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
from signward_server.chains.hyperliquid.renaming import each
from signward_server.core.actions import ActionGroup

__all__ = ["BATCH_MODIFY"]


_MAX_MODIFIES = 256


def _build(reader: Reader, setting: Setting) -> Built:
    modifies = [read_modify(inner, setting) for inner in reader.records("modifies", _MAX_MODIFIES)]
    wire: dict[str, object] = {
        "type": "batchModify",
        "modifies": [modify.wire for modify in modifies],
    }
    return Built(wire, modify_intents(reader, BATCH_MODIFY.action.name, modifies))


def _record(action: Mapping[str, object]) -> dict[str, object]:
    return {"modifies": each(action.get("modifies"), modify_record)}


BATCH_MODIFY = Kind(
    name="batch_modify",
    wire="batchModify",
    action=policy_action("batch_modify", MODIFY_FIELDS, group=ActionGroup.TRADE),
    build=_build,
    record=_record,
)
