"""Moves perpetuals' collateral between an account and a sub-account."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import renamed
from signward_server.chains.hyperliquid.transfers import DEPOSIT_FIELDS, read_deposit

__all__ = ["SUB_ACCOUNT_TRANSFER"]


_NAMES = {"subAccountUser": "sub_account_user", "isDeposit": "is_deposit", "usd": "usd"}


def _build(reader: Reader, setting: Setting) -> Built:
    deposit = read_deposit(reader, "sub_account_user", "subAccountUser")
    intent = SUB_ACCOUNT_TRANSFER.intent(setting, deposit.fields)
    return Built({"type": "subAccountTransfer", **deposit.wire}, (intent,))


def _record(action: Mapping[str, object]) -> dict[str, object]:
    return renamed(action, _NAMES)


SUB_ACCOUNT_TRANSFER = Kind(
    name="sub_account_transfer",
    wire="subAccountTransfer",
    action=policy_action("sub_account_transfer", DEPOSIT_FIELDS, restricted=True),
    build=_build,
    record=_record,
)
