"""Actions of the Hyperliquid exchange: whatever is accepted, its own client hashes the same.

The exchange's client is hyperliquid-python-sdk, as it is installed. It takes numbers as doubles
and JSON as Python reads it, so that what is ambiguous shows as another hash.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from eth_account.messages import encode_typed_data
from hyperliquid.utils import signing as sdk
from sha3 import keccak_256
from signward_server.chains.hyperliquid import HyperliquidChain, NoReferences
from signward_server.chains.hyperliquid.decimals import DecimalRefused, parse_decimal
from signward_server.core.errors import FieldInvalid, NetworkMismatch, PayloadUnsupported
from signward_server.core.keys import Algorithm, CustodyKind, KeyAttributes, Purpose
from signward_server.core.payloads import HyperliquidPayload
from signward_server.core.public_key import PublicKey
from signward_server.home.price_list import BadPriceList, parsed

from tests.fuzz.target import Target, expected, explained

__all__ = ["KEY", "NONCE", "NOW", "SEEDS", "TARGETS", "check_json", "sdk_digest"]

NOW: Final = 1_767_787_200_000
NONCE: Final = NOW + 1
KEY: Final = KeyAttributes(
    id="bot",
    algorithm=Algorithm.ECDSA_SECP256K1,
    custody=CustodyKind.ENVELOPE,
    purpose=Purpose.HYPERLIQUID,
    network="mainnet",
)
_CHAIN: Final = HyperliquidChain(references=NoReferences())
_SIGNER: Final = PublicKey.secp256k1(
    bytes.fromhex(  # of the private key 1 (SEC 2, section 2.4.1)
        "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
        "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
    )
)
_OUTER: Final = "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"
"""Address of that key."""
_UNITS: Final = 10**8
_MOST: Final = 2**63 - 1
_LONGEST: Final = 28

_Fields = list[dict[str, str]]
_AGENT: Final[_Fields] = [  # the client keeps these two within its functions
    {"name": "hyperliquidChain", "type": "string"},
    {"name": "agentAddress", "type": "address"},
    {"name": "agentName", "type": "string"},
    {"name": "nonce", "type": "uint64"},
]
_BUILDER: Final[_Fields] = [
    {"name": "hyperliquidChain", "type": "string"},
    {"name": "maxFeeRate", "type": "string"},
    {"name": "builder", "type": "address"},
    {"name": "nonce", "type": "uint64"},
]
_TYPES: Final[dict[str, tuple[str, _Fields]]] = {
    "usdSend": ("UsdSend", sdk.USD_SEND_SIGN_TYPES),
    "withdraw3": ("Withdraw", sdk.WITHDRAW_SIGN_TYPES),
    "spotSend": ("SpotSend", sdk.SPOT_TRANSFER_SIGN_TYPES),
    "usdClassTransfer": ("UsdClassTransfer", sdk.USD_CLASS_TRANSFER_SIGN_TYPES),
    "sendAsset": ("SendAsset", sdk.SEND_ASSET_SIGN_TYPES),
    "approveAgent": ("ApproveAgent", _AGENT),
    "approveBuilderFee": ("ApproveBuilderFee", _BUILDER),
    "tokenDelegate": ("TokenDelegate", sdk.TOKEN_DELEGATE_TYPES),
    "convertToMultiSigUser": ("ConvertToMultiSigUser", sdk.CONVERT_TO_MULTI_SIG_USER_SIGN_TYPES),
    "userDexAbstraction": ("UserDexAbstraction", sdk.USER_DEX_ABSTRACTION_SIGN_TYPES),
    "userSetAbstraction": ("UserSetAbstraction", sdk.USER_SET_ABSTRACTION_SIGN_TYPES),
}


def check_decimal(data: bytes) -> None:
    """Read a decimal string; nothing that could be signed exactly is refused either."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        amount = parse_decimal(text)
    except DecimalRefused as refused:
        expected(bool(refused.rule) and not _is_exact(text))
        return
    assert sdk.float_to_wire(float(text)) == amount.text
    assert Decimal(text) == Decimal(amount.text)
    assert amount.units == int(Decimal(text) * _UNITS) <= _MOST
    assert _is_plain(amount.text)


def _is_plain(text: str) -> bool:
    """Return whether a text is a decimal as they are documented."""
    whole, point, fraction = text.partition(".")
    digits = whole + fraction
    return (
        text.isascii()
        and digits.isdigit()
        and bool(whole)
        and (whole == "0" or whole[0] != "0")
        and (not point or 1 <= len(fraction) <= 8)
        and len(text) <= _LONGEST
    )


def _is_exact(text: str) -> bool:
    if not _is_plain(text) or Decimal(text) * _UNITS > _MOST:
        return False
    return Decimal(sdk.float_to_wire(float(text))) == Decimal(text)


def check_json(data: bytes) -> bool:
    """Read an action as JSON, and return whether it was accepted.

    The daemon and the client are given the same bytes; each reads them with its own reader.
    """
    try:
        decoded = _CHAIN.decode(HyperliquidPayload("json", {"json": data}, nonce=NONCE), KEY, NOW)
        assert decoded.draft
        (message,) = decoded.draft.numbered(NONCE, _SIGNER).messages
    except NetworkMismatch:
        return False
    except (FieldInvalid, PayloadUnsupported) as refused:
        expected(bool(refused.violations))
        return False
    assert {intent.fields["network"] for intent in decoded.intents} == {"mainnet"}
    assert keccak_256(message).digest() == sdk_digest(json.loads(data))
    return True


def sdk_digest(action: dict[str, Any], nonce: int = NONCE) -> bytes:
    """Return what the client signs for an action on mainnet, 32 bytes."""
    if action["type"] in _TYPES:
        name, fields = _TYPES[action["type"]]
        given = {"agentName": "", **action} if name == "ApproveAgent" else action
        payload = sdk.user_signed_payload(f"HyperliquidTransaction:{name}", fields, given)
    elif action["type"] == "multiSig":
        inner = {key: part for key, part in action.items() if key != "type"}
        hashed = sdk.action_hash(inner, None, nonce, None)
        envelope = {
            "signatureChainId": "0x66eee",
            "hyperliquidChain": "Mainnet",
            "multiSigActionHash": hashed,
            "nonce": nonce,
        }
        payload = sdk.user_signed_payload(
            "HyperliquidTransaction:SendMultiSig", sdk.MULTI_SIG_ENVELOPE_SIGN_TYPES, envelope
        )
    else:
        hashed = sdk.action_hash(action, None, nonce, None)
        payload = sdk.l1_payload(sdk.construct_phantom_agent(hashed, True))
    signable = encode_typed_data(full_message=payload)
    prefixed = b"\x19" + signable.version + signable.header + signable.body
    return bytes(keccak_256(prefixed).digest())


def check_prices(data: bytes) -> None:
    """Read a list of reference prices; Python's own reader must find the same in it."""
    try:
        listed = parsed(data)
    except BadPriceList as refused:
        explained([refused])
        return
    found = json.loads(data)
    assert listed.time == found["time"]
    named = {(n, int(a)): t for n in ("mainnet", "testnet") for a, t in found.get(n, {}).items()}
    assert listed.prices == {place: int(Decimal(text) * _UNITS) for place, text in named.items()}
    assert all(0 < units <= _MOST for units in listed.prices.values())


def _seeds() -> Iterator[dict[str, object]]:
    """Yield an action of every kind that comes as JSON, in the exchange's order of keys."""
    a, b = f"0x{'a1' * 20}", f"0x{'b2' * 20}"
    cloid, token = f"0x{'c3' * 16}", "USDC:0x6d1e7cde53ba9467b783cb7c530ce054"
    order = {"a": 0, "b": True, "p": "65000.5", "s": "0.1", "r": False,
             "t": {"limit": {"tif": "Gtc"}}}  # fmt: skip
    trigger = {"isMarket": True, "triggerPx": "64000", "tpsl": "sl"}
    stop = {"a": 1, "b": False, "p": "3000", "s": "2", "r": True, "t": {"trigger": trigger},
            "c": cloid}  # fmt: skip
    yield {"type": "order", "orders": [order], "grouping": "na"}
    builder = {"b": a, "f": 10}
    yield {"type": "order", "orders": [order, stop], "grouping": "normalTpsl", "builder": builder}
    yield {"type": "order", "orders": [order], "grouping": {"p": 10_000}}
    yield {"type": "cancel", "cancels": [{"a": 0, "o": 77}, {"a": 1, "o": 2**53}]}
    yield {"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": cloid}]}
    yield {"type": "modify", "oid": 77, "order": order}
    modifies = [{"oid": 7, "order": order}, {"oid": cloid, "order": stop}]
    yield {"type": "batchModify", "modifies": modifies}
    yield {"type": "updateLeverage", "asset": 0, "isCross": True, "leverage": 5}
    yield {"type": "updateIsolatedMargin", "asset": 0, "isBuy": True, "ntli": -1_000_000}
    yield {"type": "scheduleCancel", "time": NOW + 60_000}
    yield {"type": "scheduleCancel"}
    yield {
        "type": "twapOrder",
        "twap": {"a": 0, "b": True, "s": "1", "r": False, "m": 5, "t": True},
    }
    yield {"type": "twapCancel", "a": 0, "t": 9}
    yield {"type": "noop"}
    yield {"type": "vaultTransfer", "vaultAddress": a, "isDeposit": True, "usd": 5_000_000}
    yield {"type": "createSubAccount", "name": "desk"}
    yield {"type": "subAccountTransfer", "subAccountUser": a, "isDeposit": False, "usd": 1}
    yield {"type": "subAccountSpotTransfer", "subAccountUser": a, "isDeposit": True, "token": token,
           "amount": "1.5"}  # fmt: skip
    moved = {"destination": b, "sourceDex": "", "destinationDex": "spot", "token": token,
             "amount": "2.25", "fromSubAccount": "", "nonce": NONCE}  # fmt: skip
    yield {"type": "agentSendAsset", **moved}
    user = {"signatureChainId": "0x66eee", "hyperliquidChain": "Mainnet"}
    send = {"destination": b, "amount": "100.5", "time": NONCE}
    yield {"type": "usdSend", **user, **send}
    yield {"type": "withdraw3", **user, **send}
    yield {"type": "spotSend", **user, "destination": b, "token": token, "amount": "1",
           "time": NONCE}  # fmt: skip
    yield {"type": "usdClassTransfer", **user, "amount": "1", "toPerp": True, "nonce": NONCE}
    yield {"type": "sendAsset", **user, **moved}
    yield {"type": "approveAgent", **user, "agentAddress": b, "agentName": "bot", "nonce": NONCE}
    yield {"type": "approveBuilderFee", **user, "maxFeeRate": "0.01%", "builder": b,
           "nonce": NONCE}  # fmt: skip
    yield {"type": "tokenDelegate", **user, "validator": b, "wei": 2**60, "isUndelegate": False,
           "nonce": NONCE}  # fmt: skip
    signers = json.dumps({"authorizedUsers": [a, b], "threshold": 2})
    yield {"type": "convertToMultiSigUser", **user, "signers": signers, "nonce": NONCE}
    yield {"type": "userDexAbstraction", **user, "user": a, "enabled": True, "nonce": NONCE}
    yield {"type": "userSetAbstraction", **user, "user": a, "abstraction": "unifiedAccount",
           "nonce": NONCE}  # fmt: skip
    shares = [{"r": "0x1", "s": "0x2", "v": 27}, {"r": "0xfe", "s": "0x3", "v": 28}]
    inner = {"multiSigUser": a, "outerSigner": _OUTER, "action": {"type": "noop"}}
    yield {"type": "multiSig", "signatureChainId": "0x66eee", "signatures": shares,
           "payload": inner}  # fmt: skip
    unsaid = {"payload": inner | {"outerSigner": ""}}
    yield {"type": "multiSig", "signatureChainId": "0x66eee", "signatures": shares, **unsaid}
    inner = inner | {"action": {"type": "usdSend", **user, **send}}
    yield {"type": "multiSig", "signatureChainId": "0x66eee", "signatures": shares[:1],
           "payload": inner}  # fmt: skip
    yield {"type": "somethingNew", "asset": 1, "deep": [{"x": None}, [1, "é", True]]}


SEEDS: Final = tuple(
    json.dumps(seed, separators=(",", ":"), ensure_ascii=False).encode() for seed in _seeds()
)
# fmt: off
_DECIMALS: Final = (
    "0", "1", "1.0", "0.1", "65000.5", "0.00000001", "92233720368.54775807", "9007199254740993",
    "1e5", "-0", "NaN", "Infinity", "123456789.12345678", "45035996.27370497", "1.123456789",
    "0x10", "00.1", ".5", "5.", "+1", "1_0",
)
# fmt: on
TARGETS: Final = {
    "hyperliquid_decimal": Target(check_decimal, tuple(map(str.encode, _DECIMALS))),
    "hyperliquid_json": Target(lambda data: check_json(data) and None, SEEDS),
    "reference_prices": Target(
        check_prices,
        (
            b'{"time": 1767787200000, "mainnet": {"0": "65000.5", "1": "3500"}, "testnet": {}}',
            b'{"mainnet":{"4294967295":"0.00000001"},"time":1}',
            b'{"time":1,"mainnet":{"0":"1","0":"2"}}',
        ),
    ),
}
