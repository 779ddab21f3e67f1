"""Sends a spot token to another account."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import renamed
from signward_server.chains.hyperliquid.transfers import TRANSFER_FIELDS, read_token
from signward_server.chains.hyperliquid.typed_form import TypedForm, user_signed

__all__ = ["SPOT_SEND"]

_NAMES = {"destination": "destination", "token": "token", "amount": "amount"}


def _build(reader: Reader, setting: Setting) -> Built:
    destination, token = reader.address("destination"), read_token(reader)
    text, units = reader.decimal("amount")
    fields = {"destination": destination, "token": token, "amount": text, "time": 0}
    intent = SPOT_SEND.intent(
        setting, {"destination": destination, "amount": units, "token": token}
    )
    return Built(user_signed("spotSend", setting.network, fields), (intent,))


def _record(action: Mapping[str, object]) -> dict[str, object]:
    return renamed(action, _NAMES)


SPOT_SEND = Kind(
    name="spot_send",
    wire="spotSend",
    action=policy_action("spot_send", TRANSFER_FIELDS, restricted=True),
    build=_build,
    record=_record,
    typed=TypedForm(
        "SpotSend",
        (
            ("string", "destination"),
            ("string", "token"),
            ("string", "amount"),
            ("uint64", "time"),
        ),
    ),
    nonce="time",
)
