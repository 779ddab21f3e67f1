"""Moves money into a vault or out of it."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.chains.hyperliquid.decimals import units_of_millionths
from signward_server.chains.hyperliquid.kind import Built, Kind, Setting, policy_action
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.chains.hyperliquid.renaming import renamed
from signward_server.chains.hyperliquid.transfers import TRANSFER_FIELDS
from signward_server.core.actions import FieldType

__all__ = ["VAULT_TRANSFER"]


_NAMES = {"vaultAddress": "vault_address", "isDeposit": "is_deposit", "usd": "usd"}
_MAX_USD = 2**64 - 1


def _build(reader: Reader, setting: Setting) -> Built:
    account, is_deposit = reader.address("vault_address"), reader.flag("is_deposit")
    usd = reader.uint("usd", _MAX_USD)
    intent = VAULT_TRANSFER.intent(
        setting,
        {
            "destination": account,
            "amount": reader.within("usd", units_of_millionths(usd)),
            "token": "USDC",
            "is_deposit": is_deposit,
        },
    )
    wire: dict[str, object] = {
        "type": "vaultTransfer",
        "vaultAddress": account,
        "isDeposit": is_deposit,
        "usd": usd,
    }
    return Built(wire, (intent,))


def _record(action: Mapping[str, object]) -> dict[str, object]:
    return renamed(action, _NAMES)


VAULT_TRANSFER = Kind(
    name="vault_transfer",
    wire="vaultTransfer",
    action=policy_action(
        "vault_transfer", {**TRANSFER_FIELDS, "is_deposit": FieldType.FLAG}, restricted=True
    ),
    build=_build,
    record=_record,
)
