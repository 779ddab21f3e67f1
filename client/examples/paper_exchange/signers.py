"""Who signed a body: recovered with the exchange's SDK and eth-account, not with our own code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hyperliquid.utils import signing as sdk

from paper_exchange.answers import Rejected

__all__ = ["CHAIN", "CHAIN_ID", "inner_signer", "is_user_signed", "signer"]

Json = Mapping[str, Any]

CHAIN_ID = "0x66eee"
CHAIN = {True: "Mainnet", False: "Testnet"}

_AGENT = [
    {"name": "hyperliquidChain", "type": "string"},
    {"name": "agentAddress", "type": "address"},
    {"name": "agentName", "type": "string"},
    {"name": "nonce", "type": "uint64"},
]
_BUILDER_FEE = [
    {"name": "hyperliquidChain", "type": "string"},
    {"name": "maxFeeRate", "type": "string"},
    {"name": "builder", "type": "address"},
    {"name": "nonce", "type": "uint64"},
]
_TYPES = {
    "usdSend": ("UsdSend", sdk.USD_SEND_SIGN_TYPES),
    "withdraw3": ("Withdraw", sdk.WITHDRAW_SIGN_TYPES),
    "spotSend": ("SpotSend", sdk.SPOT_TRANSFER_SIGN_TYPES),
    "usdClassTransfer": ("UsdClassTransfer", sdk.USD_CLASS_TRANSFER_SIGN_TYPES),
    "sendAsset": ("SendAsset", sdk.SEND_ASSET_SIGN_TYPES),
    "approveAgent": ("ApproveAgent", _AGENT),
    "approveBuilderFee": ("ApproveBuilderFee", _BUILDER_FEE),
    "tokenDelegate": ("TokenDelegate", sdk.TOKEN_DELEGATE_TYPES),
    "convertToMultiSigUser": (
        "ConvertToMultiSigUser",
        sdk.CONVERT_TO_MULTI_SIG_USER_SIGN_TYPES,
    ),
    "userDexAbstraction": ("UserDexAbstraction", sdk.USER_DEX_ABSTRACTION_SIGN_TYPES),
    "userSetAbstraction": ("UserSetAbstraction", sdk.USER_SET_ABSTRACTION_SIGN_TYPES),
}
_PREFIX = "HyperliquidTransaction:"
_SIGNED_ABSTRACTIONS = {"i": "disabled", "u": "unifiedAccount", "p": "portfolioMargin"}
"""Within a multi-signature body the exchange takes a letter for what was signed as a word."""


def is_user_signed(action: Json) -> bool:
    """Say whether an action is signed as typed data of its own."""
    return action["type"] in _TYPES


def signer(body: Json, *, is_mainnet: bool) -> str:
    """Return the address that signed a body, lower case.

    A wrong signature recovers to some address that nobody has: that is all the exchange sees.

    Raises:
        Rejected: There is no such address.
    """
    action, nonce, signature = body["action"], body["nonce"], body["signature"]
    vault, expires_after = body.get("vaultAddress"), body.get("expiresAfter")
    try:
        if action["type"] == "multiSig":
            tagless = {name: value for name, value in action.items() if name != "type"}
            envelope = {
                "multiSigActionHash": sdk.action_hash(tagless, vault, nonce, expires_after),
                "nonce": nonce,
                "signatureChainId": action["signatureChainId"],
            }
            types = sdk.MULTI_SIG_ENVELOPE_SIGN_TYPES
            return _user(envelope, signature, types, "SendMultiSig", is_mainnet=is_mainnet)
        if is_user_signed(action):
            _expect_chain(action, nonce, is_mainnet=is_mainnet)
            name, types = _TYPES[action["type"]]
            return _user(_message(action), signature, types, name, is_mainnet=is_mainnet)
        return sdk.recover_agent_or_user_from_l1_action(
            action, signature, vault, nonce, expires_after, is_mainnet
        ).lower()
    except Rejected:
        raise
    except Exception as error:  # whatever the libraries raise of what a stranger posted
        raise Rejected("the signature is none") from error


def inner_signer(body: Json, signature: Json, *, is_mainnet: bool) -> str:
    """Return the address that made one of the signatures within a multi-signature body.

    Raises:
        Rejected: There is no such address.
    """
    payload = body["action"]["payload"]
    user, outer = payload["multiSigUser"].lower(), payload["outerSigner"].lower()
    action = payload["action"]
    try:
        if is_user_signed(action):
            name, types = _TYPES[action["type"]]
            message = sdk.add_multi_sig_fields(_message(action), user, outer)
            word = message.get("abstraction", "")
            message["abstraction"] = _SIGNED_ABSTRACTIONS.get(word, word)
            enriched = sdk.add_multi_sig_types(types)
            return _user(message, signature, enriched, name, is_mainnet=is_mainnet)
        return sdk.recover_agent_or_user_from_l1_action(
            [user, outer, action],
            signature,
            body.get("vaultAddress"),
            body["nonce"],
            body.get("expiresAfter"),
            is_mainnet,
        ).lower()
    except Exception as error:  # as in `signer`
        raise Rejected("an inner signature is none") from error


def _message(action: Json) -> dict[str, Any]:
    """Return what is signed of an action: an agent without a name has an empty one there."""
    return {"agentName": "", **action} if action["type"] == "approveAgent" else dict(action)


def _expect_chain(action: Json, nonce: int, *, is_mainnet: bool) -> None:
    if action["hyperliquidChain"] != CHAIN[is_mainnet]:
        raise Rejected("the action is for another chain")
    if action.get("nonce", action.get("time")) != nonce:
        raise Rejected("the action has another nonce than the body")


def _user(
    message: dict[str, Any], signature: Json, types: list[Any], name: str, *, is_mainnet: bool
) -> str:
    address: str = sdk.recover_user_from_user_signed_action(
        message, signature, types, _PREFIX + name, is_mainnet
    )
    return address.lower()
