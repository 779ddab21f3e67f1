"""Sends a token as an agent."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import renamed
from signward_server.chains.hyperliquid.transfers import (
    SENDING_FIELDS,
    SENDING_NAMES,
    read_sending,
)

__all__ = ["AGENT_SEND_ASSET"]


def _build(reader: Reader, setting: Setting) -> Built:
    sending = read_sending(reader)
    wire: dict[str, object] = {"type": "agentSendAsset", **sending.wire, "nonce": 0}
    intent = AGENT_SEND_ASSET.intent(setting, sending.fields)
    return Built(wire, (intent,), account=sending.account)


def _record(action: Mapping[str, object]) -> dict[str, object]:
    return renamed(action, SENDING_NAMES)


AGENT_SEND_ASSET = Kind(
    name="agent_send_asset",
    wire="agentSendAsset",
    action=policy_action("agent_send_asset", SENDING_FIELDS, restricted=True),
    build=_build,
    record=_record,
    nonce="nonce",
)
