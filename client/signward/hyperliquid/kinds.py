"""Every kind of action that the API has a message for, by the exchange's name of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from google.protobuf.message import Message

from signward.hyperliquid.fields import FLAT, Flat, flat, listed
from signward.hyperliquid.json_text import json_text, parsed
from signward.hyperliquid.orders import batch_modify, modify, orders
from signward.hyperliquid.reader import Reader, Unlike
from signward.v1 import hyperliquid_pb2 as pb

__all__ = ["NONCES", "message_of"]

_Build: TypeAlias = Callable[[Reader], Message]

_CANCEL = Flat(pb.HyperliquidCancel, {"a": ("asset", int), "o": ("oid", int)})
_CLOID_CANCEL = Flat(pb.HyperliquidCloidCancel, {"asset": ("asset", int), "cloid": ("cloid", str)})
_TWAP = Flat(
    pb.HyperliquidTwapOrder,
    {
        "a": ("asset", int),
        "b": ("is_buy", bool),
        "s": ("sz", str),
        "r": ("reduce_only", bool),
        "m": ("minutes", int),
        "t": ("randomize", bool),
    },
)
_SIGNATURE = Flat(pb.HyperliquidInnerSignature, {"r": ("r", str), "s": ("s", str), "v": ("v", int)})
_SUB_ACCOUNT = " subaccount:"
_CHAIN_ID = "0x66eee"
_ABSTRACTIONS = {"i": "disabled", "u": "unifiedAccount", "p": "portfolioMargin"}

NONCES: Mapping[str, str] = {
    "agentSendAsset": "nonce",
    "usdSend": "time",
    "withdraw3": "time",
    "spotSend": "time",
    "usdClassTransfer": "nonce",
    "sendAsset": "nonce",
    "approveAgent": "nonce",
    "approveBuilderFee": "nonce",
    "tokenDelegate": "nonce",
    "convertToMultiSigUser": "nonce",
    "userDexAbstraction": "nonce",
    "userSetAbstraction": "nonce",
}
"""Under which name an action has its nonce within itself."""


def message_of(kind: str, wire: Reader) -> Message:
    """Return the message of an action of this type; its nonce is taken already.

    Raises:
        Unlike: There is none that says exactly this.
    """
    if kind in FLAT:
        message = flat(FLAT[kind], wire)
    elif kind in _OTHERS:
        message = _OTHERS[kind](wire)
    else:
        raise Unlike
    wire.end()
    return message


def _schedule_cancel(wire: Reader) -> Message:
    if not wire.has("time"):
        return pb.HyperliquidScheduleCancel()
    return pb.HyperliquidScheduleCancel(time=wire.take("time", int))


def _twap_order(wire: Reader) -> Message:
    inner = wire.inner("twap")
    message = flat(_TWAP, inner)
    inner.end()
    return message


def _usd_class_transfer(wire: Reader) -> Message:
    amount, _, sub_account = wire.take("amount", str).partition(_SUB_ACCOUNT)
    return pb.HyperliquidUsdClassTransfer(
        amount=amount, to_perp=wire.take("toPerp", bool), sub_account=sub_account
    )


def _approve_agent(wire: Reader) -> Message:
    message = pb.HyperliquidApproveAgent(agent_address=wire.take("agentAddress", str))
    if wire.has("agentName"):
        message.agent_name = wire.take("agentName", str)
    return message


def _convert_to_multi_sig_user(wire: Reader) -> Message:
    """Read the signers, which are JSON in a text; ``null`` makes an ordinary account again."""
    try:
        signers = parsed(wire.take("signers", str).encode())
    except ValueError as error:
        raise Unlike from error
    if signers is None:
        return pb.HyperliquidConvertToMultiSigUser()
    inner = Reader(signers)
    message = pb.HyperliquidConvertToMultiSigUser(
        authorized_users=inner.take("authorizedUsers", list),
        threshold=inner.take("threshold", int),
    )
    inner.end()
    return message


def _multi_sig(wire: Reader) -> Message:
    """Read a wrapper. What the others signed stays as it is written: an inner action is JSON."""
    if wire.take("signatureChainId", str) != _CHAIN_ID:
        raise Unlike
    inner = wire.inner("payload")
    inner.take("outerSigner", str)  # is the daemon's key
    message = pb.HyperliquidMultiSig(
        multi_sig_user=inner.take("multiSigUser", str),
        action=pb.HyperliquidPayload(json=json_text(_as_signed(inner.take("action", dict)))),
    )
    message.signatures.extend(listed(_SIGNATURE, wire, "signatures"))
    inner.end()
    return message


def _as_signed(action: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an inner action as its signers wrote it: a word, for which a wrapper has a letter."""
    word = _ABSTRACTIONS.get(str(action.get("abstraction")))
    if word is None or action.get("type") != "userSetAbstraction":
        return action
    return {**action, "abstraction": word}


_OTHERS: Mapping[str, _Build] = {
    "order": orders,
    "cancel": lambda wire: pb.HyperliquidCancels(cancels=listed(_CANCEL, wire, "cancels")),
    "cancelByCloid": lambda wire: pb.HyperliquidCloidCancels(
        cancels=listed(_CLOID_CANCEL, wire, "cancels")
    ),
    "modify": modify,
    "batchModify": batch_modify,
    "scheduleCancel": _schedule_cancel,
    "twapOrder": _twap_order,
    "usdClassTransfer": _usd_class_transfer,
    "approveAgent": _approve_agent,
    "convertToMultiSigUser": _convert_to_multi_sig_user,
    "multiSig": _multi_sig,
}
