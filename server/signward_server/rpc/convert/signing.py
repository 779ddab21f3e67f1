"""Requests to sign and to verify, and their answers. The hot path runs through here."""

from __future__ import annotations

from collections.abc import Mapping

from signward.v1 import sign_service_pb2 as pb

from signward_server.core.payloads import (
    Hash,
    HyperliquidPayload,
    HyperliquidSignature,
    OrderIntent,
    OrderSignature,
    Payload,
    RawMessage,
    RawSignature,
    Result,
)
from signward_server.core.signing import SignRequest, SignResult, VerifyRequest
from signward_server.rpc.convert.fields import Fields
from signward_server.rpc.convert.hyperliquid import (
    hyperliquid_payload,
    hyperliquid_signature,
    write_hyperliquid,
)

__all__ = ["fill_response", "sign_request", "verify_request"]

_MAX_KEY = 128
_HASHES = {member.value: member for member in Hash}
_RESULTS: Mapping[type[Payload], type[Result]] = {
    RawMessage: RawSignature,
    OrderIntent: OrderSignature,
    HyperliquidPayload: HyperliquidSignature,
}


def sign_request(message: pb.SignRequest) -> SignRequest:
    """Convert one item.

    Raises:
        FieldInvalid: Names each field at fault.
    """
    key, fingerprint, request_id = message.key, message.expected_fingerprint, message.request_id
    payload = _payload(message)
    if payload is None or fingerprint or request_id or not 0 < len(key) <= _MAX_KEY:
        fields = Fields()
        _note_key(fields, key)
        fields.fingerprint("expected_fingerprint", fingerprint)
        fields.request_id("request_id", request_id)
        _note_payload(fields, message)
        fields.check()
        if payload is None:
            raise AssertionError("a missing payload is noted")
    return SignRequest(key, message.version, fingerprint, request_id, payload, message)


def fill_response(message: pb.SignResponse, signed: SignResult) -> None:
    """Write one answer into a message."""
    message.key = signed.key
    message.version = signed.version
    message.signed_bytes_digest = signed.signed_bytes_digest
    if signed.audit_log:
        message.audit_log = signed.audit_log
        message.audit_sequence = signed.audit_sequence
    result = signed.result
    if isinstance(result, RawSignature):
        raw = message.raw
        raw.signature = result.signature
        if result.der:
            raw.der = result.der
            raw.recovery_id = result.recovery_id
    elif isinstance(result, OrderSignature):
        message.order.signature = result.signature
        message.order.signed_bytes = result.signed_bytes
    else:
        write_hyperliquid(message.hyperliquid, result)


def verify_request(message: pb.VerifyRequest) -> VerifyRequest:
    """Convert a question about a signature.

    Raises:
        FieldInvalid: Names each field at fault.
    """
    payload, result = _payload(message), _result(message)
    fields = Fields()
    _note_key(fields, message.key)
    _note_payload(fields, message)
    if result is None:
        fields.note("result", "Must be set.")
    elif payload is not None and type(result) is not _RESULTS[type(payload)]:
        fields.note("result", "Must be of the payload's kind.")
    fields.check()
    if payload is None or result is None:
        raise AssertionError("a missing part is noted")
    return VerifyRequest(message.key, message.version, payload, result)


def _payload(message: pb.SignRequest | pb.VerifyRequest) -> Payload | None:
    """Return the payload, ``None`` if it is not set or has an unknown hash."""
    kind = message.WhichOneof("payload")
    if kind == "raw":
        raw = message.raw
        hash_ = _HASHES.get(raw.hash)
        return None if hash_ is None else RawMessage(raw.message, hash_)
    if kind == "order":
        order = message.order
        return OrderIntent(
            order.action, order.coin, order.is_buy, order.sz, order.limit_px, order.timestamp
        )
    return hyperliquid_payload(message.hyperliquid) if kind == "hyperliquid" else None


def _note_key(fields: Fields, key: str) -> None:
    """Note an id that no key can have by its length; whether there is one is seen later."""
    if not 0 < len(key) <= _MAX_KEY:
        fields.note("key", f"Must name a key, in 1 to {_MAX_KEY} characters.")


def _note_payload(fields: Fields, message: pb.SignRequest | pb.VerifyRequest) -> None:
    kind = message.WhichOneof("payload")
    if kind is None:
        fields.note("payload", "Must be set.")
    elif kind == "raw" and message.raw.hash not in _HASHES:
        fields.note("raw.hash", "Must be one of SHA256, KECCAK256, PREHASHED.")


def _result(message: pb.VerifyRequest) -> Result | None:
    kind = message.WhichOneof("result")
    if kind == "raw_signature":
        raw = message.raw_signature
        return RawSignature(raw.signature, raw.recovery_id, raw.der)
    if kind == "order_signature":
        order = message.order_signature
        return OrderSignature(order.signature, order.signed_bytes)
    if kind == "hyperliquid_signature":
        return hyperliquid_signature(message.hyperliquid_signature)
    return None
