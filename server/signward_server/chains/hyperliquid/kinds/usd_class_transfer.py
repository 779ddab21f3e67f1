"""Moves USDC between the spot and the perpetuals' balance."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import renamed
from signward_server.chains.hyperliquid.transfers import TRANSFER_FIELDS
from signward_server.chains.hyperliquid.typed_form import TypedForm, user_signed
from signward_server.core.actions import FieldType

__all__ = ["USD_CLASS_TRANSFER"]

_OF = " subaccount:"


def _build(reader: Reader, setting: Setting) -> Built:
    text, units = reader.decimal("amount")
    to_perp = reader.flag("to_perp")
    account = reader.address("sub_account", optional=True)
    amount = f"{text}{_OF}{account}" if account else text
    intent = USD_CLASS_TRANSFER.intent(
        setting,
        {
            "destination": "",
            "amount": units,
            "token": "USDC",
            "to_perp": to_perp,
            "sub_account": account,
        },
    )
    fields = {"amount": amount, "toPerp": to_perp, "nonce": 0}
    wire = user_signed("usdClassTransfer", setting.network, fields)
    return Built(wire, (intent,), account=account)


def _record(action: Mapping[str, object]) -> dict[str, object]:
    record = renamed(action, {"amount": "amount", "toPerp": "to_perp"})
    amount = record.get("amount")
    if isinstance(amount, str):
        record["amount"], _, record["sub_account"] = amount.partition(_OF)
    return record


USD_CLASS_TRANSFER = Kind(
    name="usd_class_transfer",
    wire="usdClassTransfer",
    action=policy_action(
        "usd_class_transfer",
        {**TRANSFER_FIELDS, "to_perp": FieldType.FLAG, "sub_account": FieldType.TEXT},
        restricted=True,
    ),
    build=_build,
    record=_record,
    typed=TypedForm(
        "UsdClassTransfer", (("string", "amount"), ("bool", "toPerp"), ("uint64", "nonce"))
    ),
    nonce="nonce",
)
