"""Any action that no other kind is: signed as an L1 action, judged by its name alone."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.core.actions import FieldType

__all__ = ["UNKNOWN"]


def _build(reader: Reader, setting: Setting) -> Built:
    wire = reader.mapping("action")
    kind = reader.record("action").word("type")
    return Built(wire, (UNKNOWN.intent(setting, {"kind": kind}),))


def _record(action: Mapping[str, object]) -> dict[str, object]:
    return {"action": action}


UNKNOWN = Kind(
    name="json",
    wire="",
    action=policy_action("json", {"kind": FieldType.TEXT}, restricted=True),
    build=_build,
    record=_record,
)
"""Not in the registry: nothing but JSON text by itself is of this kind."""
