"""Sends a token between accounts and exchanges."""

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
from signward_server.chains.hyperliquid.typed_form import TypedForm, user_signed

__all__ = ["SEND_ASSET"]


def _build(reader: Reader, setting: Setting) -> Built:
    sending = read_sending(reader)
    wire = user_signed("sendAsset", setting.network, {**sending.wire, "nonce": 0})
    intent = SEND_ASSET.intent(setting, sending.fields)
    return Built(wire, (intent,), account=sending.account)


def _record(action: Mapping[str, object]) -> dict[str, object]:
    return renamed(action, SENDING_NAMES)


SEND_ASSET = Kind(
    name="send_asset",
    wire="sendAsset",
    action=policy_action("send_asset", SENDING_FIELDS, restricted=True),
    build=_build,
    record=_record,
    typed=TypedForm(
        "SendAsset", (*(("string", name) for name in SENDING_NAMES), ("uint64", "nonce"))
    ),
    nonce="nonce",
)
