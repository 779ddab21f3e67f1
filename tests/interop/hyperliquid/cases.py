"""An action in two languages: as this API says it, and as the exchange gets it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

from signward.v1.hyperliquid_pb2 import HyperliquidPayload

__all__ = [
    "KNOWN_L1",
    "LETTERS",
    "USER_SIGNED",
    "Action",
    "Case",
    "Said",
    "chain_name",
    "posted_inside",
]

Action = dict[str, Any]

USER_SIGNED = frozenset(
    {
        "usdSend",
        "withdraw3",
        "spotSend",
        "usdClassTransfer",
        "sendAsset",
        "approveAgent",
        "approveBuilderFee",
        "tokenDelegate",
        "convertToMultiSigUser",
        "userDexAbstraction",
        "userSetAbstraction",
    }
)
"""The exchange's names of the actions that are signed as typed data of their own."""

KNOWN_L1 = frozenset(
    {
        "order",
        "cancel",
        "cancelByCloid",
        "modify",
        "batchModify",
        "updateLeverage",
        "updateIsolatedMargin",
        "scheduleCancel",
        "twapOrder",
        "twapCancel",
        "noop",
        "vaultTransfer",
        "createSubAccount",
        "subAccountTransfer",
        "subAccountSpotTransfer",
        "agentSendAsset",
    }
)
"""Likewise of the others that this API has a kind of."""

# How the submitted form of a wrapped userSetAbstraction abbreviates what is signed
# (hyperliquid-python-sdk 0.24.0, exchange.py, USER_SET_ABSTRACTION_WIRE_VALUES).
LETTERS = {"disabled": "i", "unifiedAccount": "u", "portfolioMargin": "p"}


class Said(str):
    """A text as the exchange gets it, which remembers how a caller wrote it.

    Attributes:
        said: The same number or address in a caller's spelling.
    """

    __slots__ = ("said",)

    said: str

    def __new__(cls, text: str, said: str) -> Self:
        made = super().__new__(cls, text)
        made.said = said
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One action.

    Attributes:
        payload: What a caller of this API sends.
        action: What the exchange gets, its keys in the exchange's order. Wrapped: the action
            within the wrapper.
        network: ``mainnet`` or ``testnet``: the network of the key.
        nonce: Milliseconds since the epoch; the payload's own, or the one that it is given.
        vault: Vault or sub-account, lower case; empty for none.
        expires_after: Milliseconds since the epoch; 0 for never.
        multi_sig_user: Wrapped: the account with several signers.
        keys: Private keys: who signs, or wrapped: who submits, and the other signers.
        share: Which of ``keys`` signs as one of several, instead of submitting.
    """

    payload: HyperliquidPayload
    action: Action
    network: str
    nonce: int
    vault: str = ""
    expires_after: int = 0
    multi_sig_user: str = ""
    keys: tuple[str, ...] = field(default=(), repr=False)
    share: int | None = None

    @property
    def mainnet(self) -> bool:
        """Whether it is for the main network."""
        return self.network == "mainnet"

    @property
    def user_signed(self) -> bool:
        """Whether the action is typed data of its own."""
        return self.action["type"] in USER_SIGNED


def chain_name(network: str) -> str:
    """Return what ``hyperliquidChain`` says of a network."""
    return network.capitalize()


def posted_inside(action: Action) -> Action:
    """Return an action as it stands within a submitted wrapper."""
    if action["type"] == "userSetAbstraction":
        return action | {"abstraction": LETTERS[action["abstraction"]]}
    return action
