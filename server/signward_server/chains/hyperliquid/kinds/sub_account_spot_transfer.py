"""Moves a spot token between an account and a sub-account."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import renamed
from signward_server.chains.hyperliquid.transfers import DEPOSIT_FIELDS, read_token

__all__ = ["SUB_ACCOUNT_SPOT_TRANSFER"]


_NAMES = {
    "subAccountUser": "sub_account_user",
    "isDeposit": "is_deposit",
    "token": "token",
    "amount": "amount",
}


def _build(reader: Reader, setting: Setting) -> Built:
    account, is_deposit = reader.address("sub_account_user"), reader.flag("is_deposit")
    token = read_token(reader)
    text, units = reader.decimal("amount")
    intent = SUB_ACCOUNT_SPOT_TRANSFER.intent(
        setting,
        {
            "destination": account,
            "amount": units,
            "token": token,
            "is_deposit": is_deposit,
        },
    )
    wire: dict[str, object] = {
        "type": "subAccountSpotTransfer",
        "subAccountUser": account,
        "isDeposit": is_deposit,
        "token": token,
        "amount": text,
    }
    return Built(wire, (intent,))


def _record(action: Mapping[str, object]) -> dict[str, object]:
    return renamed(action, _NAMES)


SUB_ACCOUNT_SPOT_TRANSFER = Kind(
    name="sub_account_spot_transfer",
    wire="subAccountSpotTransfer",
    action=policy_action(
        "sub_account_spot_transfer",
        DEPOSIT_FIELDS,
        restricted=True,
    ),
    build=_build,
    record=_record,
)
