"""Requests to sign and to verify, and their answers. The hot path runs through here."""

from __future__ import annotations

from signward.v1 import sign_service_pb2 as pb

from signward_server.core.errors import FieldInvalid
from signward_server.core.payloads import (
    Hash,
    OrderIntent,
    OrderSignature,
    Payload,
    RawMessage,
    RawSignature,
    Result,
)
from signward_server.core.signing import SignRequest, SignResult, VerifyRequest
from signward_server.rpc.convert.fields import Fields

__all__ = ["fill_response", "sign_request", "verify_request"]

_HASHES = {member.value: member for member in Hash}


def sign_request(message: pb.SignRequest) -> SignRequest:
    """Convert one item.

    Raises:
        FieldInvalid: Names each field at fault.
    """
    fingerprint, request_id = message.expected_fingerprint, message.request_id
    if fingerprint or request_id or not message.key:
        fields = Fields()
        fields.fingerprint("expected_fingerprint", fingerprint)
        fields.request_id("request_id", request_id)
        if not message.key:
            fields.note("key", "Must name a key.")
        fields.check()
    return SignRequest(
        message.key, message.version, fingerprint, request_id, _payload(message), message
    )


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
    else:
        message.order.signature = result.signature
        message.order.signed_bytes = result.signed_bytes


def verify_request(message: pb.VerifyRequest) -> VerifyRequest:
    """Convert a question about a signature.

    Raises:
        FieldInvalid: Names each field at fault.
    """
    if not message.key:
        raise FieldInvalid.at("key", "Must name a key.")
    payload = _payload(message)
    result = _result(message)
    if isinstance(payload, RawMessage) is not isinstance(result, RawSignature):
        raise FieldInvalid.at("result", "Must be of the payload's kind.")
    return VerifyRequest(message.key, message.version, payload, result)


def _payload(message: pb.SignRequest | pb.VerifyRequest) -> Payload:
    kind = message.WhichOneof("payload")
    if kind == "raw":
        raw = message.raw
        hash_ = _HASHES.get(raw.hash)
        if hash_ is None:
            raise FieldInvalid.at("raw.hash", "Must be one of SHA256, KECCAK256, PREHASHED.")
        return RawMessage(raw.message, hash_)
    if kind == "order":
        order = message.order
        return OrderIntent(
            order.action, order.coin, order.is_buy, order.sz, order.limit_px, order.timestamp
        )
    raise FieldInvalid.at("payload", "Must be set.")


def _result(message: pb.VerifyRequest) -> Result:
    kind = message.WhichOneof("result")
    if kind == "raw_signature":
        raw = message.raw_signature
        return RawSignature(raw.signature, raw.recovery_id, raw.der)
    if kind == "order_signature":
        order = message.order_signature
        return OrderSignature(order.signature, order.signed_bytes)
    raise FieldInvalid.at("result", "Must be set.")
