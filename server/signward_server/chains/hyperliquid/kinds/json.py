"""Any action that no other kind is: signed as an L1 action, judged by its name alone."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.core.actions import FieldType

__all__ = ["UNKNOWN"]

# Only what is signed as typed data names its chain. As an L1 action, the exchange would take it for
# another signer's.
_TYPED = ("signatureChainId", "hyperliquidChain")
_L1_ONLY = "Must be left out: of kinds without a message, only L1 actions are signed."


def _build(reader: Reader, setting: Setting) -> Built:
    wire = reader.mapping("action")
    inner = reader.record("action")
    kind = inner.word("type")
    for name in _TYPED:
        if name in wire:
            inner.note(name, _L1_ONLY)
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
