"""Makes a sub-account."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import renamed
from signward_server.core.actions import FieldType

__all__ = ["CREATE_SUB_ACCOUNT"]


_MAX_NAME = 64


def _build(reader: Reader, setting: Setting) -> Built:
    name = reader.text("name", _MAX_NAME)
    intent = CREATE_SUB_ACCOUNT.intent(setting, {"name": name})
    return Built({"type": "createSubAccount", "name": name}, (intent,))


def _record(action: Mapping[str, object]) -> dict[str, object]:
    return renamed(action, {"name": "name"})


CREATE_SUB_ACCOUNT = Kind(
    name="create_sub_account",
    wire="createSubAccount",
    action=policy_action("create_sub_account", {"name": FieldType.TEXT}, restricted=True),
    build=_build,
    record=_record,
)
