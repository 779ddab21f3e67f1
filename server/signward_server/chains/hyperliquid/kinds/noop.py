"""Does nothing but use up its nonce, which cancels what is pending with the same one."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.core.actions import ActionGroup, FieldType

__all__ = ["NOOP"]


def _build(_: Reader, setting: Setting) -> Built:
    return Built({"type": "noop"}, (NOOP.intent(setting, {"cancels": 0}),))


def _record(_: Mapping[str, object]) -> dict[str, object]:
    return {}


NOOP = Kind(
    name="noop",
    wire="noop",
    action=policy_action("noop", {"cancels": FieldType.NUMBER}, group=ActionGroup.CANCEL),
    build=_build,
    record=_record,
)
