"""Keys on a real daemon."""

from __future__ import annotations

from typing import Final

from signward import Client
from signward.v1 import resources_pb2 as resources
from signward.v1 import sign_service_pb2 as pb

__all__ = ["HASHES", "create", "sign_request", "unrecorded"]

_ED25519: Final = resources.ALGORITHM_ED25519
_SECP256K1: Final = resources.ALGORITHM_ECDSA_SECP256K1
HASHES: Final = {_ED25519: pb.HASH_UNSPECIFIED, _SECP256K1: pb.HASH_SHA256}
"""The hash that a raw message of each algorithm is signed with here."""


def create(
    client: Client,
    name: str,
    algorithm: resources.Algorithm.ValueType = _ED25519,
    purpose: resources.Purpose.ValueType = resources.PURPOSE_RAW,
) -> resources.Key:
    """Make a key in the envelope custody."""
    return client.create_key(
        name, algorithm=algorithm, purpose=purpose, custody=resources.CUSTODY_ENVELOPE
    )


def sign_request(
    key: str,
    message: bytes = b"message",
    algorithm: resources.Algorithm.ValueType = _ED25519,
    request_id: str = "",
) -> pb.SignRequest:
    """Return a request to sign a raw message."""
    raw = pb.RawMessage(message=message, hash=HASHES[algorithm])
    return pb.SignRequest(key=key, raw=raw, request_id=request_id)


def unrecorded(answer: pb.SignResponse) -> pb.SignResponse:
    """Return an answer without its place in the audit log, which is another one each time."""
    copy = pb.SignResponse()
    copy.CopyFrom(answer)
    copy.ClearField("audit_sequence")
    return copy
