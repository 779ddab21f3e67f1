"""Moves perpetuals' collateral between an account and a sub-account."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.decimals import units_of_millionths
from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import renamed
from signward_server.chains.hyperliquid.transfers import TRANSFER_FIELDS
from signward_server.core.actions import FieldType

__all__ = ["SUB_ACCOUNT_TRANSFER"]


_NAMES = {"subAccountUser": "sub_account_user", "isDeposit": "is_deposit", "usd": "usd"}
_MAX_USD = 2**64 - 1


def _build(reader: Reader, setting: Setting) -> Built:
    account, is_deposit = reader.address("sub_account_user"), reader.flag("is_deposit")
    usd = reader.uint("usd", _MAX_USD)
    intent = SUB_ACCOUNT_TRANSFER.intent(
        setting,
        {
            "destination": account,
            "amount": reader.within("usd", units_of_millionths(usd)),
            "token": "USDC",
            "is_deposit": is_deposit,
        },
    )
    wire: dict[str, object] = {
        "type": "subAccountTransfer",
        "subAccountUser": account,
        "isDeposit": is_deposit,
        "usd": usd,
    }
    return Built(wire, (intent,))


def _record(action: Mapping[str, object]) -> dict[str, object]:
    return renamed(action, _NAMES)


SUB_ACCOUNT_TRANSFER = Kind(
    name="sub_account_transfer",
    wire="subAccountTransfer",
    action=policy_action(
        "sub_account_transfer", {**TRANSFER_FIELDS, "is_deposit": FieldType.FLAG}, restricted=True
    ),
    build=_build,
    record=_record,
)
