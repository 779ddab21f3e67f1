"""Withdraws USDC over the bridge."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import renamed
from signward_server.chains.hyperliquid.transfers import TRANSFER_FIELDS
from signward_server.chains.hyperliquid.typed_form import TypedForm, user_signed

__all__ = ["WITHDRAW"]

_NAMES = {"destination": "destination", "amount": "amount"}


def _build(reader: Reader, setting: Setting) -> Built:
    destination = reader.address("destination")
    text, units = reader.decimal("amount")
    fields = {"destination": destination, "amount": text, "time": 0}
    intent = WITHDRAW.intent(
        setting, {"destination": destination, "amount": units, "token": "USDC"}
    )
    return Built(user_signed("withdraw3", setting.network, fields), (intent,))


def _record(action: Mapping[str, object]) -> dict[str, object]:
    return renamed(action, _NAMES)


WITHDRAW = Kind(
    name="withdraw",
    wire="withdraw3",
    action=policy_action("withdraw", TRANSFER_FIELDS, restricted=True),
    build=_build,
    record=_record,
    typed=TypedForm(
        "Withdraw", (("string", "destination"), ("string", "amount"), ("uint64", "time"))
    ),
    nonce="time",
)
