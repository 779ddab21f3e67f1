"""Transfers: what several kinds have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from signward_server.chains.hyperliquid.decimals import units_of_millionths
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.core.actions import FieldType
from signward_server.core.signing import IntentValue

__all__ = [
    "DEPOSIT_FIELDS",
    "SENDING_FIELDS",
    "SENDING_NAMES",
    "TRANSFER_FIELDS",
    "Deposit",
    "Sending",
    "read_deposit",
    "read_sending",
    "read_token",
]

_MAX_TOKEN = 128
_MAX_DEX = 64
_MAX_USD = 2**64 - 1

TRANSFER_FIELDS: Mapping[str, FieldType] = {
    "destination": FieldType.TEXT,
    "amount": FieldType.NUMBER,
    "token": FieldType.TEXT,
}
"""Fields of the Intent of every transfer; the amount is in 1e-8 units."""

DEPOSIT_FIELDS: Mapping[str, FieldType] = {**TRANSFER_FIELDS, "is_deposit": FieldType.FLAG}
"""Fields of the Intent of what moves between an account and what belongs to it."""

SENDING_FIELDS: Mapping[str, FieldType] = {
    **TRANSFER_FIELDS,
    "source_dex": FieldType.TEXT,
    "destination_dex": FieldType.TEXT,
    "from_sub_account": FieldType.TEXT,
}
"""Fields of the Intent of what sends a token between accounts and exchanges."""

SENDING_NAMES: Mapping[str, str] = {
    "destination": "destination",
    "sourceDex": "source_dex",
    "destinationDex": "destination_dex",
    "token": "token",
    "amount": "amount",
    "fromSubAccount": "from_sub_account",
}
"""The API's names of its fields by the exchange's."""


class Deposit(NamedTuple):
    """USDC on its way between an account and a vault or sub-account.

    Attributes:
        wire: Its fields as the exchange has them.
        fields: Of its Intent.
    """

    wire: dict[str, object]
    fields: dict[str, IntentValue]


class Sending(NamedTuple):
    """A token on its way between accounts and exchanges.

    Attributes:
        wire: Its fields as the exchange has them.
        fields: Of its Intent.
        account: Sub-account that it comes from, empty for none.
    """

    wire: dict[str, object]
    fields: dict[str, IntentValue]
    account: str


def read_token(reader: Reader) -> str:
    """Read which token is meant, ``NAME:0x…``."""
    return reader.name("token", _MAX_TOKEN)


def read_deposit(reader: Reader, name: str, wire_name: str) -> Deposit:
    """Read what is moved into a vault or sub-account, or out of it.

    Args:
        reader: Of the action.
        name: The field that says which one.
        wire_name: The exchange's name of that.
    """
    account, is_deposit = reader.address(name), reader.flag("is_deposit")
    usd = reader.uint("usd", _MAX_USD)
    fields: dict[str, IntentValue] = {
        "destination": account,
        "amount": reader.within("usd", units_of_millionths(usd)),
        "token": "USDC",
        "is_deposit": is_deposit,
    }
    return Deposit({wire_name: account, "isDeposit": is_deposit, "usd": usd}, fields)


def read_sending(reader: Reader) -> Sending:
    """Read what is sent between accounts and exchanges."""
    destination = reader.address("destination")
    source = reader.name("source_dex", _MAX_DEX, 0)
    target = reader.name("destination_dex", _MAX_DEX, 0)
    token = read_token(reader)
    text, units = reader.decimal("amount")
    account = reader.address("from_sub_account", optional=True)
    wire: dict[str, object] = {
        "destination": destination,
        "sourceDex": source,
        "destinationDex": target,
        "token": token,
        "amount": text,
        "fromSubAccount": account,
    }
    fields: dict[str, IntentValue] = {
        "destination": destination,
        "amount": units,
        "token": token,
        "source_dex": source,
        "destination_dex": target,
        "from_sub_account": account,
    }
    return Sending(wire, fields, account)
