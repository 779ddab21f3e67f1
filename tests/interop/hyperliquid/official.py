"""Implementation A: hyperliquid-python-sdk, as installed."""

from __future__ import annotations

from functools import cache
from typing import Any

import eth_account
from eth_account.messages import _hash_eip191_message, encode_typed_data
from hyperliquid.utils import signing as sdk
from hyperliquid.utils.types import Cloid

from tests.interop.hyperliquid.cases import Action, Case, posted_inside
from tests.interop.hyperliquid.signed import Signed

__all__ = ["address_of", "posted", "shares", "sign"]

_Fields = list[dict[str, str]]
_PRIMARY = "HyperliquidTransaction:"
# The SDK keeps these two within its functions.
_APPROVE_AGENT = [
    {"name": "hyperliquidChain", "type": "string"},
    {"name": "agentAddress", "type": "address"},
    {"name": "agentName", "type": "string"},
    {"name": "nonce", "type": "uint64"},
]
_APPROVE_BUILDER_FEE = [
    {"name": "hyperliquidChain", "type": "string"},
    {"name": "maxFeeRate", "type": "string"},
    {"name": "builder", "type": "address"},
    {"name": "nonce", "type": "uint64"},
]
_TYPES: dict[str, tuple[Any, str, _Fields]] = {
    "usdSend": (sdk.sign_usd_transfer_action, "UsdSend", sdk.USD_SEND_SIGN_TYPES),
    "withdraw3": (sdk.sign_withdraw_from_bridge_action, "Withdraw", sdk.WITHDRAW_SIGN_TYPES),
    "spotSend": (sdk.sign_spot_transfer_action, "SpotSend", sdk.SPOT_TRANSFER_SIGN_TYPES),
    "usdClassTransfer": (
        sdk.sign_usd_class_transfer_action,
        "UsdClassTransfer",
        sdk.USD_CLASS_TRANSFER_SIGN_TYPES,
    ),
    "sendAsset": (sdk.sign_send_asset_action, "SendAsset", sdk.SEND_ASSET_SIGN_TYPES),
    "approveAgent": (sdk.sign_agent, "ApproveAgent", _APPROVE_AGENT),
    "approveBuilderFee": (sdk.sign_approve_builder_fee, "ApproveBuilderFee", _APPROVE_BUILDER_FEE),
    "tokenDelegate": (sdk.sign_token_delegate_action, "TokenDelegate", sdk.TOKEN_DELEGATE_TYPES),
    "convertToMultiSigUser": (
        sdk.sign_convert_to_multi_sig_user_action,
        "ConvertToMultiSigUser",
        sdk.CONVERT_TO_MULTI_SIG_USER_SIGN_TYPES,
    ),
    "userDexAbstraction": (
        sdk.sign_user_dex_abstraction_action,
        "UserDexAbstraction",
        sdk.USER_DEX_ABSTRACTION_SIGN_TYPES,
    ),
    "userSetAbstraction": (
        sdk.sign_user_set_abstraction_action,
        "UserSetAbstraction",
        sdk.USER_SET_ABSTRACTION_SIGN_TYPES,
    ),
}


@cache
def _wallet(key: str) -> Any:
    return eth_account.Account.from_key(key)


def address_of(key: str) -> str:
    """Return the checksummed address of a private key."""
    return str(_wallet(key).address)


def posted(action: Action) -> Action:
    """Return an action as it is posted by itself: an unnamed agent has no name there."""
    return {key: part for key, part in action.items() if (key, part) != ("agentName", "")}


def sign(case: Case) -> Signed:
    """Sign a case."""
    if case.share is not None:
        return _share(case, case.keys[case.share])
    if case.multi_sig_user:
        return _submission(case)
    wallet, action = _wallet(case.keys[0]), _by_sdk(case.action)
    if not case.user_signed:
        hashed = sdk.action_hash(action, *_aside(case))
        signature = sdk.sign_l1_action(wallet, action, *_aside(case), case.mainnet)
        return _signed(signature, hashed, action)
    function, name, fields = _TYPES[action["type"]]
    signature = function(wallet, dict(action), case.mainnet)
    return _signed(signature, _digest(f"{_PRIMARY}{name}", fields, action), posted(action))


def shares(case: Case) -> list[Signed]:
    """Return the signatures of all signers over a wrapped action."""
    return [_share(case, key) for key in case.keys]


def _share(case: Case, key: str) -> Signed:
    wallet, action = _wallet(key), _by_sdk(case.action)
    user, outer = case.multi_sig_user, address_of(case.keys[0])
    if not case.user_signed:
        signature = sdk.sign_multi_sig_l1_action_payload(
            wallet, action, case.mainnet, *_aside(case), user, outer
        )
        packed = [user.lower(), outer.lower(), action]
        return _signed(signature, sdk.action_hash(packed, *_aside(case)))
    _, name, fields = _TYPES[action["type"]]
    signature = sdk.sign_multi_sig_user_signed_action_payload(
        wallet, dict(action), case.mainnet, fields, f"{_PRIMARY}{name}", user, outer
    )
    message = sdk.add_multi_sig_fields(action, user, outer)
    return _signed(
        signature, _digest(f"{_PRIMARY}{name}", sdk.add_multi_sig_types(fields), message)
    )


def _submission(case: Case) -> Signed:
    """As ``Exchange.multi_sig`` does it."""
    wrapper = {
        "type": "multiSig",
        "signatureChainId": "0x66eee",
        "signatures": [{"r": hex(one.r), "s": hex(one.s), "v": one.v} for one in shares(case)],
        "payload": {
            "multiSigUser": case.multi_sig_user.lower(),
            "outerSigner": address_of(case.keys[0]).lower(),
            "action": posted_inside(_by_sdk(case.action)),
        },
    }
    wallet = _wallet(case.keys[0])
    signature = sdk.sign_multi_sig_action(wallet, wrapper, case.mainnet, *_aside(case))
    untagged = {key: part for key, part in wrapper.items() if key != "type"}
    return _signed(signature, sdk.action_hash(untagged, *_aside(case)), wrapper)


def _aside(case: Case) -> tuple[str | None, int, int | None]:
    vault = case.vault or None
    return (vault, case.nonce, case.expires_after or None)


def _by_sdk(action: Action) -> Action:
    """Return an action with the orders that the SDK makes of the same numbers as doubles."""
    if action["type"] == "order":
        return action | {"orders": [_wire(order) for order in action["orders"]]}
    if action["type"] == "modify":
        return action | {"order": _wire(action["order"])}
    if action["type"] == "batchModify":
        return action | {
            "modifies": [one | {"order": _wire(one["order"])} for one in action["modifies"]]
        }
    return action


def _wire(order: Action) -> Any:
    kind = order["t"]
    if "trigger" in kind:
        trigger = kind["trigger"]
        kind = {"trigger": trigger | {"triggerPx": float(trigger["triggerPx"].said)}}
    request: Any = {
        "coin": "",
        "is_buy": order["b"],
        "sz": float(order["s"].said),
        "limit_px": float(order["p"].said),
        "order_type": kind,
        "reduce_only": order["r"],
        "cloid": Cloid.from_str(order["c"]) if "c" in order else None,
    }
    return sdk.order_request_to_order_wire(request, order["a"])


def _digest(name: str, fields: _Fields, message: Action) -> bytes:
    data = sdk.user_signed_payload(name, fields, message)
    return bytes(_hash_eip191_message(encode_typed_data(full_message=data)))


def _signed(signature: Any, hashed: bytes, action: Action | None = None) -> Signed:
    r, s = int(signature["r"], 16), int(signature["s"], 16)
    return Signed(r, s, signature["v"], int.from_bytes(hashed, "big"), action)
