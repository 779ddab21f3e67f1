"""Sends USDC to another account."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import renamed
from signward_server.chains.hyperliquid.transfers import TRANSFER_FIELDS
from signward_server.chains.hyperliquid.typed_form import TypedForm, user_signed

__all__ = ["USD_SEND"]

_NAMES = {"destination": "destination", "amount": "amount"}


def _build(reader: Reader, setting: Setting) -> Built:
    destination = reader.address("destination")
    text, units = reader.decimal("amount")
    fields = {"destination": destination, "amount": text, "time": 0}
    intent = USD_SEND.intent(
        setting, {"destination": destination, "amount": units, "token": "USDC"}
    )
    return Built(user_signed("usdSend", setting.network, fields), (intent,))


def _record(action: Mapping[str, object]) -> dict[str, object]:
    return renamed(action, _NAMES)


USD_SEND = Kind(
    name="usd_send",
    wire="usdSend",
    action=policy_action("usd_send", TRANSFER_FIELDS, restricted=True),
    build=_build,
    record=_record,
    typed=TypedForm(
        "UsdSend", (("string", "destination"), ("string", "amount"), ("uint64", "time"))
    ),
    nonce="time",
)
