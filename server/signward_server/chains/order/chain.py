"""The chain of order intents; the Hyperliquid exchange does not accept what it signs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from types import MappingProxyType

from signward_server.chains.order.amount import Amount, notional_units, parse_amount
from signward_server.core.actions import ActionGroup, ActionKind, FieldType
from signward_server.core.errors import FieldInvalid, FieldViolation, PayloadUnsupported
from signward_server.core.keys import Algorithm, KeyAttributes, Purpose
from signward_server.core.payloads import Hash, OrderIntent, OrderSignature, Payload, Result
from signward_server.core.public_key import PublicKey
from signward_server.core.signing import Decoded, Intent, ResultMismatch, Signature

__all__ = ["DEFAULT_WINDOW_MS", "OrderChain"]

DEFAULT_WINDOW_MS = 60_000
_SIGNATURE_SIZE = 64
# Readers that take JSON numbers as doubles keep integers up to here (RFC 8259, section 6).
_MAX_TIMESTAMP = 2**53 - 1

_is_name = re.compile(r"[A-Za-z0-9:/_-]{1,32}").fullmatch
_ED25519 = Algorithm.ED25519
_NONE, _SHA256 = Hash.NONE, Hash.SHA256

_NAME_RULE = "Must match [A-Za-z0-9:/_-]{1,32}."
_NUMBER_RULE = (
    "Must be a plain decimal number of 0 or more: digits with at most one point, no sign, "
    "exponent, space or leading zero, at most 15 significant digits and 28 characters."
)
_UNITS_RULE = "Must have at most 8 decimal places and be at most 92233720368.54775807."
_NOTIONAL_RULE = "Must be so that limit_px times sz is at most 92233720368.54775807."


class OrderChain:
    """Signs orders as JSON, with order keys and raw keys.

    Action: ``SignOrder``. Fields: ``action``, ``coin``, ``is_buy``, ``timestamp`` (ms since
    the epoch), ``sz``, ``limit_px`` and ``notional`` (their product, rounded up), the last
    three in 1e-8 units.

    Args:
        window_ms: How far a timestamp may lie from now to either side, in milliseconds.

    Raises:
        ValueError: The window is not above 0.
    """

    payload_type: type[Payload] = OrderIntent
    purposes = frozenset({Purpose.RAW, Purpose.ORDER})
    actions = (
        ActionKind(
            name="SignOrder",
            groups=frozenset({ActionGroup.TRADE}),
            record="order",
            fields=MappingProxyType(
                {
                    "action": FieldType.TEXT,
                    "coin": FieldType.TEXT,
                    "is_buy": FieldType.FLAG,
                    "timestamp": FieldType.NUMBER,
                    "sz": FieldType.NUMBER,
                    "limit_px": FieldType.NUMBER,
                    "notional": FieldType.NUMBER,
                }
            ),
        ),
    )

    def __init__(self, *, window_ms: int = DEFAULT_WINDOW_MS) -> None:
        if window_ms <= 0:
            raise ValueError("the window of order timestamps must be above 0 ms")
        self._window_ms = window_ms

    def decode(self, payload: Payload, key: KeyAttributes, now_ms: int) -> Decoded:
        """Check an order and build its Intent and its JSON; see ``core.ports.Chain``.

        Raises:
            FieldInvalid: Names every field at fault as ``order.<field>``.
            PayloadUnsupported: A number, or the product of the two, is not in 0..2^63-1 of
                1e-8 units (S6).
        """
        if not isinstance(payload, OrderIntent):
            raise TypeError("not an OrderIntent")
        sz, px = parse_amount(payload.sz), parse_amount(payload.limit_px)
        if (
            sz is None
            or px is None
            or not _is_name(payload.action)
            or not _is_name(payload.coin)
            or not self._in_time(payload.timestamp, now_ms)
        ):
            raise FieldInvalid(violations=tuple(self._violations(payload, now_ms)))
        intent = Intent("SignOrder", _fields(payload, sz, px))
        hash_ = _NONE if key.algorithm is _ED25519 else _SHA256
        return Decoded(intent, (_json(payload, sz, px),), hash_)

    def encode(
        self,
        decoded: Decoded,
        public_key: PublicKey,  # noqa: ARG002  # the port's
        signatures: Sequence[Signature],
    ) -> OrderSignature:
        """Build the answer from exactly one signature; see ``core.ports.Chain``."""
        (signature,) = signatures
        return OrderSignature(signature.value, decoded.messages[0])

    def signatures(self, decoded: Decoded, result: Result) -> Sequence[bytes]:
        """Take the signature out of an answer; see ``core.ports.Chain``.

        Empty ``signed_bytes`` claim nothing and pass.

        Raises:
            ResultMismatch: Another kind, a wrong size, or other bytes than the payload gives.
        """
        if not isinstance(result, OrderSignature):
            raise ResultMismatch("The result is of another kind than the payload.")
        if len(result.signature) != _SIGNATURE_SIZE:
            raise ResultMismatch("The signature is not 64 bytes long.")
        if result.signed_bytes not in (b"", decoded.messages[0]):
            raise ResultMismatch("The signed bytes are not those of the payload.")
        return (result.signature,)

    def _in_time(self, timestamp: int, now_ms: int) -> bool:
        if not 0 <= timestamp <= _MAX_TIMESTAMP:
            return False
        return now_ms == 0 or abs(timestamp - now_ms) <= self._window_ms

    def _violations(self, order: OrderIntent, now_ms: int) -> Iterator[FieldViolation]:
        for field, name in (("order.action", order.action), ("order.coin", order.coin)):
            if not _is_name(name):
                yield FieldViolation(field, _NAME_RULE)
        for field, number in (("order.sz", order.sz), ("order.limit_px", order.limit_px)):
            if parse_amount(number) is None:
                yield FieldViolation(field, _NUMBER_RULE)
        if not self._in_time(order.timestamp, now_ms):
            rule = f"Must be in milliseconds and within {self._window_ms} ms of the daemon's clock."
            yield FieldViolation("order.timestamp", rule)


def _fields(order: OrderIntent, sz: Amount, px: Amount) -> dict[str, str | int | bool]:
    """Return what a policy sees.

    Raises:
        PayloadUnsupported: See ``OrderChain.decode``.
    """
    if sz.units is None or px.units is None:
        pairs = (("order.sz", sz), ("order.limit_px", px))
        raise PayloadUnsupported(
            violations=[FieldViolation(name, _UNITS_RULE) for name, n in pairs if n.units is None]
        )
    notional = notional_units(sz.units, px.units)
    if notional is None:
        raise PayloadUnsupported(violations=(FieldViolation("order.limit_px", _NOTIONAL_RULE),))
    return {
        "action": order.action,
        "coin": order.coin,
        "is_buy": order.is_buy,
        "timestamp": order.timestamp,
        "sz": sz.units,
        "limit_px": px.units,
        "notional": notional,
    }


def _json(order: OrderIntent, sz: Amount, px: Amount) -> bytes:
    """Return the bytes to sign; every part has passed a check that leaves nothing to escape."""
    side = "true" if order.is_buy else "false"
    return (
        f'{{"action":"{order.action}","coin":"{order.coin}","isBuy":{side},'
        f'"sz":{sz.text},"limitPx":{px.text},"timestamp":{order.timestamp}}}'
    ).encode("ascii")
