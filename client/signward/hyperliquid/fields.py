"""Actions whose members are fields of a message, one for one: tables, and what reads by them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, NamedTuple, TypeVar

from google.protobuf.message import Message

from signward.hyperliquid.reader import Reader
from signward.v1 import hyperliquid_pb2 as pb

__all__ = ["FLAT", "Flat", "flat", "listed"]

_MessageT_co = TypeVar("_MessageT_co", bound=Message, covariant=True)

_Fields = Mapping[str, tuple[str, type]]  # the exchange's name: the API's name, and the type


class Flat(NamedTuple, Generic[_MessageT_co]):
    """A message, and where each of its fields comes from."""

    message: type[_MessageT_co]
    fields: _Fields


def flat(kind: Flat[_MessageT_co], wire: Reader) -> _MessageT_co:
    """Return the message; all fields must be there."""
    return kind.message(**{ours: wire.take(name, of) for name, (ours, of) in kind.fields.items()})


def listed(kind: Flat[_MessageT_co], wire: Reader, name: str) -> list[_MessageT_co]:
    """Return a message for each object of a list, of which nothing may be left."""
    messages = []
    for each in wire.each(name):
        messages.append(flat(kind, each))
        each.end()
    return messages


_MOVED: _Fields = {
    "destination": ("destination", str),
    "sourceDex": ("source_dex", str),
    "destinationDex": ("destination_dex", str),
    "token": ("token", str),
    "amount": ("amount", str),
    "fromSubAccount": ("from_sub_account", str),
}
_PAID: _Fields = {"destination": ("destination", str), "amount": ("amount", str)}

FLAT: Mapping[str, Flat[Message]] = {
    "updateLeverage": Flat(
        pb.HyperliquidUpdateLeverage,
        {"asset": ("asset", int), "isCross": ("is_cross", bool), "leverage": ("leverage", int)},
    ),
    "updateIsolatedMargin": Flat(
        pb.HyperliquidUpdateIsolatedMargin,
        {"asset": ("asset", int), "isBuy": ("is_buy", bool), "ntli": ("ntli", int)},
    ),
    "twapCancel": Flat(pb.HyperliquidTwapCancel, {"a": ("asset", int), "t": ("twap_id", int)}),
    "noop": Flat(pb.HyperliquidNoop, {}),
    "vaultTransfer": Flat(
        pb.HyperliquidVaultTransfer,
        {
            "vaultAddress": ("vault_address", str),
            "isDeposit": ("is_deposit", bool),
            "usd": ("usd", int),
        },
    ),
    "createSubAccount": Flat(pb.HyperliquidCreateSubAccount, {"name": ("name", str)}),
    "subAccountTransfer": Flat(
        pb.HyperliquidSubAccountTransfer,
        {
            "subAccountUser": ("sub_account_user", str),
            "isDeposit": ("is_deposit", bool),
            "usd": ("usd", int),
        },
    ),
    "subAccountSpotTransfer": Flat(
        pb.HyperliquidSubAccountSpotTransfer,
        {
            "subAccountUser": ("sub_account_user", str),
            "isDeposit": ("is_deposit", bool),
            "token": ("token", str),
            "amount": ("amount", str),
        },
    ),
    "agentSendAsset": Flat(pb.HyperliquidAgentSendAsset, _MOVED),
    "usdSend": Flat(pb.HyperliquidUsdSend, _PAID),
    "withdraw3": Flat(pb.HyperliquidWithdraw, _PAID),
    "spotSend": Flat(pb.HyperliquidSpotSend, {**_PAID, "token": ("token", str)}),
    "sendAsset": Flat(pb.HyperliquidSendAsset, _MOVED),
    "approveBuilderFee": Flat(
        pb.HyperliquidApproveBuilderFee,
        {"maxFeeRate": ("max_fee_rate", str), "builder": ("builder", str)},
    ),
    "tokenDelegate": Flat(
        pb.HyperliquidTokenDelegate,
        {
            "validator": ("validator", str),
            "wei": ("wei", int),
            "isUndelegate": ("is_undelegate", bool),
        },
    ),
    "userDexAbstraction": Flat(
        pb.HyperliquidUserDexAbstraction, {"user": ("user", str), "enabled": ("enabled", bool)}
    ),
    "userSetAbstraction": Flat(
        pb.HyperliquidUserSetAbstraction,
        {"user": ("user", str), "abstraction": ("abstraction", str)},
    ),
}
"""By the exchange's name of the action."""
