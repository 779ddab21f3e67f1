"""Verifying what the daemon signed with `cryptography` alone: no call, no code of the daemon."""

from __future__ import annotations

import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key
from signward.v1.resources_pb2 import PublicKey
from signward.v1.sign_service_pb2 import OrderIntent, SignRequest, SignResponse

__all__ = ["verify"]


def verify(public_key: PublicKey, request: SignRequest, response: SignResponse) -> None:
    """Check that the response is a signature over what was asked for.

    secp256k1 keys are taken to have signed SHA-256, as they do with orders.

    Raises:
        InvalidSignature: The signature is not that of this key.
        ValueError: The daemon signed another order than the one that was sent.
    """
    if request.WhichOneof("payload") == "raw":
        signed, signature = request.raw.message, response.raw.signature
    else:
        signed, signature = response.order.signed_bytes, response.order.signature
        if not _says(signed, request.order):
            raise ValueError("the daemon signed another order")
    key = load_der_public_key(public_key.spki_der)
    if isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, signed)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    else:
        raise TypeError("neither Ed25519 nor secp256k1")


def _says(signed: bytes, order: OrderIntent) -> bool:
    """Return whether the signed bytes are the canonical JSON of an order."""
    expected = (
        f'{{"action":{json.dumps(order.action)},"coin":{json.dumps(order.coin)},'
        f'"isBuy":{json.dumps(order.is_buy)},"sz":{order.sz},"limitPx":{order.limit_px},'
        f'"timestamp":{order.timestamp}}}'
    )
    return signed.decode() == expected
