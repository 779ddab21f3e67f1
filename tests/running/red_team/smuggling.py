"""JSON, wrappers and bare digests: hiding what is signed from the policy."""

from __future__ import annotations

import json
from typing import Final

from signward.v1 import hyperliquid_pb2 as hl
from signward.v1 import sign_service_pb2 as pb

from tests.running.red_team.attempts import DENIED, INVALID, Attempt
from tests.running.red_team.thieves import HOME, THIEF, Thief, payload

__all__ = ["SMUGGLING"]

_ORDER: Final = (
    '{"type":"order","orders":[{"a":0,"b":true,"p":"65000","s":"0.1","r":false,'
    '"t":{"limit":{"tif":"Alo"}}}],"grouping":"na"}'
)
_SEND: Final = (
    '{"type":"usdSend","signatureChainId":"0x66eee","hyperliquidChain":"Mainnet",'
    f'"destination":"{THIEF}","amount":"1","time":NONCE}}'
)
_MISMATCH: Final = "NETWORK_MISMATCH"
_PURPOSE: Final = "KEY_PURPOSE_MISMATCH"


def _json(name: str, text: str, reason: str = INVALID) -> Attempt:
    """Return an attempt with JSON; ``NONCE`` in it is that of the payload."""

    def make(thief: Thief) -> hl.HyperliquidPayload:
        said = text.replace("NONCE", str(thief.now + 1))
        return payload(json=said.encode(), nonce=thief.now + 1)

    return Attempt(name, make, reason)


def _order(**fields: object) -> str:
    action = json.loads(_ORDER)
    action["orders"][0] |= fields
    return json.dumps(action, separators=(",", ":"), ensure_ascii=False)


def _grouped(grouping: str) -> str:
    return _ORDER.replace('"grouping":"na"', f'"grouping":{grouping}')


def _wrapped(inner: hl.HyperliquidPayload, thief: Thief) -> hl.HyperliquidPayload:
    inner.ClearField("expires_after")
    signature = hl.HyperliquidInnerSignature(r="0x1", s="0x1", v=27)
    wrapper = hl.HyperliquidMultiSig(multi_sig_user=HOME, signatures=[signature], action=inner)
    return payload(multi_sig=wrapper, nonce=thief.now + 1)


def _shared(inner: hl.HyperliquidPayload, thief: Thief) -> hl.HyperliquidPayload:
    inner.ClearField("expires_after")
    share = hl.HyperliquidMultiSigShare(multi_sig_user=HOME, outer_signer=THIEF, action=inner)
    return payload(multi_sig_share=share, nonce=thief.now + 1)


def _send(_: Thief) -> hl.HyperliquidPayload:
    return payload(usd_send=hl.HyperliquidUsdSend(destination=THIEF, amount="1"))


def _digest(thief: Thief) -> pb.RawMessage:  # as every attempt is made
    return pb.RawMessage(message=b"\x11" * 32, hash=pb.HASH_PREHASHED)


def _ethereum(thief: Thief) -> pb.RawMessage:
    return pb.RawMessage(message=b"\x19\x01" + b"\x22" * 64, hash=pb.HASH_KECCAK256)


def _intent(thief: Thief) -> pb.OrderIntent:
    return pb.OrderIntent(
        action="order", coin="BTC", is_buy=True, sz="1", limit_px="1", timestamp=thief.now
    )


SMUGGLING: Final = (
    Attempt("a bare digest", _digest, _PURPOSE),
    Attempt("an Ethereum message", _ethereum, _PURPOSE),
    Attempt("an order of another format", _intent, _PURPOSE),
    _json("JSON of a transfer", _SEND, DENIED),
    _json("JSON of a kind that nobody knows", '{"type":"sendEverything","to":"me"}', DENIED),
    _json("a kind that reads like another", _ORDER.replace('"order"', '"\u043erder"')),
    _json("a kind in capitals", _ORDER.replace('"order"', '"ORDER"'), DENIED),
    _json("a kind with a character that nobody sees", _ORDER.replace('"order"', '"order\u200b"')),
    _json("a kind that turns the text around", _ORDER.replace('"order"', '"\u202eredro"')),
    _json("half a surrogate", _ORDER.replace('"order"', '"order\\ud800"')),
    _json("a kind that is a list", '{"type":["order"],"orders":[]}'),
    _json("no kind at all", '{"orders":[]}'),
    _json("two kinds", _ORDER.replace("{", '{"type":"usdSend",', 1)),
    _json("two kinds, one of them escaped", _ORDER.replace("{", '{"\\u0074ype":"usdSend",', 1)),
    _json("two prices", _ORDER.replace('"p":"65000"', '"p":"65000","p":"1"')),
    _json("two sizes, one of them escaped", _ORDER.replace('"s":', '"\\u0073":"9","s":')),
    _json("a size with a point", _ORDER.replace('"0.1"', "0.1")),
    _json("a size with an exponent", _ORDER.replace('"0.1"', "1e8")),
    _json("a price that is NaN", _ORDER.replace('"65000"', "NaN")),
    _json("a price that is a whole number", _ORDER.replace('"65000"', "65000")),
    _json("a side that is a number", _ORDER.replace("true", "1")),
    _json("a price of another form", _order(p="65000.0")),
    _json("priority for a rate that is text", _grouped('{"p":"5"}')),
    _json("priority for a rate beside another", _grouped('{"p":5,"q":9}')),
    _json("priority for a rate of true", _grouped('{"p":true}')),
    _json("priority for nothing", _grouped('{"p":0}')),
    _json("a builder that the order hides", _order(f={"b": THIEF, "f": 100})),
    _json("another order of keys", _ORDER.replace('"a":0,"b":true', '"b":true,"a":0')),
    _json("a vault within the action", _ORDER.replace("{", f'{{"vaultAddress":"{THIEF}",', 1)),
    _json("an asset of another type", _order(a="0")),
    _json("an asset below zero", _order(a=-1)),
    _json("an asset that wraps around", _order(a=2**32)),
    _json("two documents", f"{_ORDER}{_SEND}"),
    _json("a list", f"[{_ORDER}]"),
    _json("a comment", _ORDER.replace("{", "{/* order */", 1)),
    _json("17 levels", '{"type":"x","y":' + "[" * 16 + "]" * 16 + "}"),
    _json("a thousand levels", '{"type":"x","y":' + "[" * 1000 + "]" * 1000 + "}"),
    _json("more than 16 KiB", '{"type":"x","y":"' + "y" * 16_384 + '"}'),
    _json("a number of a thousand digits", '{"type":"x","y":' + "9" * 1000 + "}"),
    _json("another network", _SEND.replace("Mainnet", "Testnet"), _MISMATCH),
    _json("another chain id", _SEND.replace("0x66eee", "0xa4b1"), _MISMATCH),
    _json("another nonce within than outside", _SEND.replace("NONCE", "1767787200000")),
    Attempt("an order within several signers'", lambda t: _wrapped(t.orders(), t)),
    Attempt("a transfer within several signers'", lambda t: _wrapped(_send(t), t)),
    Attempt("a good action within several signers'", lambda t: _wrapped(t.good(), t)),
    Attempt("a share of a transfer", lambda t: _shared(_send(t), t)),
    Attempt("a share of a good action", lambda t: _shared(t.good(), t)),
    Attempt(
        "several signers' within several signers'",
        lambda t: _wrapped(_wrapped(_send(t), t), t),
        INVALID,
    ),
    Attempt(
        "unknown JSON within several signers'",
        lambda t: _wrapped(payload(json=b'{"type":"sendEverything"}'), t),
        INVALID,
    ),
    Attempt("no action at all", lambda _: payload(), INVALID),
)
