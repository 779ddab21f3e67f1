"""Bringing private keys: what they are sealed for, and the calls."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeAlias

from signward.durations import duration_message
from signward.methods import unary
from signward.plans import Plan, Rpc, has_request_id
from signward.v1 import key_service_pb2 as pb
from signward.v1 import resources_pb2 as resources
from signward.v1.key_service_pb2_grpc import KeyServiceStub

__all__ = ["ImportCalls", "Seal", "import_info"]

Seal: TypeAlias = Callable[[bytes, bytes], bytes]
"""Seals a private key of 32 bytes with HPKE: takes the public key to seal to, 32 bytes, and the
``info``; returns encapsulated key and ciphertext, 80 bytes. ``signward.sealing`` makes one of a
private key in memory; whatever else keeps the key can be another."""

_CREATE_IMPORT_PARAMETERS = Rpc(
    KeyServiceStub, lambda stub: stub.CreateImportParameters, has_request_id
)
_IMPORT_KEY = Rpc(KeyServiceStub, lambda stub: stub.ImportKey, has_request_id)
_LABEL = b"signward import v1"
_length = struct.Struct(">I").pack
_number = struct.Struct(">Q").pack


def import_info(
    parameters: pb.CreateImportParametersResponse,
    *,
    key_id: str,
    algorithm: resources.Algorithm.ValueType,
    purpose: resources.Purpose.ValueType,
    network: str = "",
) -> bytes:
    """Return the HPKE ``info`` of an import (``docs/formats/import.md``).

    Args:
        parameters: The daemon's answer.
        key_id: As it was asked for, and so on.
        algorithm: Signature algorithm.
        purpose: What the key will sign.
        network: Ledger network, empty if none.
    """
    fields = (
        _LABEL,
        parameters.import_id.encode(),
        parameters.identity.encode(),
        key_id.encode(),
        _number(algorithm),
        _number(purpose),
        network.encode(),
    )
    return b"".join(_length(len(field)) + field for field in fields)


class ImportCalls:
    """The calls of ``KeyService`` that bring a private key along."""

    @unary
    def create_import_parameters(
        self,
        key_id: str,
        *,
        algorithm: resources.Algorithm.ValueType,
        purpose: resources.Purpose.ValueType,
        network: str = "",
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> Plan[pb.CreateImportParametersResponse]:
        """Ask for a key to seal one private key to; ``import_key`` does that by itself.

        Args:
            key_id: Id of the key to be made.
            algorithm: Signature algorithm.
            purpose: The only kind of payload that it will sign.
            network: Ledger network, for ledger-bound purposes only.
            request_id: Makes retries safe; ``None``: a fresh one.
            timeout: Seconds; ``None``: the client's.
        """
        request = pb.CreateImportParametersRequest(
            key_id=key_id,
            algorithm=algorithm,
            purpose=purpose,
            network=network,
            request_id=uuid.uuid4().hex if request_id is None else request_id,
        )
        return _CREATE_IMPORT_PARAMETERS(request, timeout)

    @unary
    def import_key(
        self,
        key_id: str,
        seal: Seal,
        *,
        algorithm: resources.Algorithm.ValueType,
        purpose: resources.Purpose.ValueType,
        custody: resources.Custody.ValueType = resources.CUSTODY_ENVELOPE,
        owner: str = "",
        user_id: str = "",
        labels: Mapping[str, str] | None = None,
        network: str = "",
        vault_address: str = "",
        unlock_ttl: timedelta | None = None,
        grace_period: timedelta | None = None,
        rotation_period: timedelta | None = None,
        allow_digest: bool = False,
        validate_only: bool = False,
        timeout: float | None = None,
    ) -> Plan[resources.Key]:
        """Create a key from a private key that exists already.

        Retries of the call itself are safe. After a crash ask ``get_key`` whether the key is
        there: another call seals anew, which makes it another request.

        Args:
            key_id: Matches ``[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?``.
            seal: Seals the private key, ``signward.sealing.sealer(private_key)`` for one.
            algorithm: Signature algorithm.
            purpose: The only kind of payload that it will sign.
            custody: Where the private key shall live.
            owner: Identity that it belongs to; empty: the caller.
            user_id: The owner's customer, free text.
            labels: At most 40.
            network: Ledger network, for ledger-bound purposes only.
            vault_address: Hyperliquid vault to pin it to, for that purpose only.
            unlock_ttl: How long it stays unlocked after a signature; ``None``: daemon's default.
            grace_period: How long a replaced version still signs; ``None``: 30 days.
            rotation_period: Age at which the daemon rotates it by itself; ``None``: never.
            allow_digest: Whether it may sign bare 32-byte digests (raw secp256k1 keys only).
            validate_only: ``True``: check everything but the private key, which is not sealed.
            timeout: Seconds for each of the two calls; ``None``: the client's.
        """
        asked = pb.CreateImportParametersRequest(
            key_id=key_id,
            algorithm=algorithm,
            purpose=purpose,
            network=network,
            request_id=uuid.uuid4().hex,
        )
        parameters = yield from _CREATE_IMPORT_PARAMETERS(asked, timeout)
        request = pb.ImportKeyRequest(
            key_id=key_id,
            algorithm=algorithm,
            purpose=purpose,
            custody=custody,
            owner=owner,
            user_id=user_id,
            labels=labels or {},
            network=network,
            vault_address=vault_address,
            unlock_ttl=duration_message(unlock_ttl),
            grace_period=duration_message(grace_period),
            rotation_period=duration_message(rotation_period),
            allow_digest=allow_digest,
            request_id=uuid.uuid4().hex,
            validate_only=validate_only,
            import_id=parameters.import_id,
        )
        if not validate_only:
            info = import_info(
                parameters, key_id=key_id, algorithm=algorithm, purpose=purpose, network=network
            )
            request.wrapped_key = seal(parameters.wrapping_public_key, info)
        return (yield from _IMPORT_KEY(request, timeout)).key
