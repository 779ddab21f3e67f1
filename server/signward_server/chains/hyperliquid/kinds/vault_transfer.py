"""Moves money into a vault or out of it."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import renamed
from signward_server.chains.hyperliquid.transfers import DEPOSIT_FIELDS, read_deposit

__all__ = ["VAULT_TRANSFER"]


_NAMES = {"vaultAddress": "vault_address", "isDeposit": "is_deposit", "usd": "usd"}


def _build(reader: Reader, setting: Setting) -> Built:
    deposit = read_deposit(reader, "vault_address", "vaultAddress")
    intent = VAULT_TRANSFER.intent(setting, deposit.fields)
    return Built({"type": "vaultTransfer", **deposit.wire}, (intent,))


def _record(action: Mapping[str, object]) -> dict[str, object]:
    return renamed(action, _NAMES)


VAULT_TRANSFER = Kind(
    name="vault_transfer",
    wire="vaultTransfer",
    action=policy_action("vault_transfer", DEPOSIT_FIELDS, restricted=True),
    build=_build,
    record=_record,
)
