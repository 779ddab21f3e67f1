"""Imports on a real daemon, sealed rightly or wrongly."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from signward import Client
from signward.importing import import_info
from signward.sealing import sealer
from signward.v1 import key_service_pb2 as pb
from signward.v1 import resources_pb2 as resources
from signward_server.core.imports import ImportTerms
from signward_server.core.keys import Algorithm, Purpose
from signward_server.custody.envelope.format import SealedKey
from signward_server.custody.envelope.wrapping import WrappingBinding

from tests.running.calls import KEYS, Refusal, refusal_of
from tests.running.envelopes import derived_keys
from tests.running.homes import PATIENCE, Home

__all__ = ["IMPORT", "Asked", "ask_for_import", "finish", "wrapping_secrets"]

IMPORT = KEYS + "ImportKey"


@dataclass(frozen=True, slots=True)
class Asked:
    """An import, and what it is for."""

    key_id: str
    algorithm: resources.Algorithm.ValueType
    parameters: pb.CreateImportParametersResponse

    def sealed(self, private_key: bytes, **wrong: Any) -> bytes:
        """Seal a private key, for what it is for but for what is wrong."""
        parameters = pb.CreateImportParametersResponse()
        parameters.CopyFrom(self.parameters)
        for name in {"import_id", "identity", "wrapping_public_key"} & wrong.keys():
            setattr(parameters, name, wrong.pop(name))
        info = import_info(parameters, **(self._fields() | wrong))
        return sealer(private_key)(parameters.wrapping_public_key, info)

    def request(self, wrapped: bytes, **other: Any) -> pb.ImportKeyRequest:
        """Return the request that finishes it, but for what is other."""
        return pb.ImportKeyRequest(
            **{
                **self._fields(),
                "custody": resources.CUSTODY_ENVELOPE,
                "import_id": self.parameters.import_id,
                "wrapped_key": wrapped,
                **other,
            }
        )

    def _fields(self) -> dict[str, Any]:
        return {
            "key_id": self.key_id,
            "algorithm": self.algorithm,
            "purpose": resources.PURPOSE_RAW,
            "network": "",
        }


def ask_for_import(
    client: Client,
    key_id: str,
    algorithm: resources.Algorithm.ValueType = resources.ALGORITHM_ED25519,
) -> Asked:
    """Ask for an import of a raw key."""
    parameters = client.create_import_parameters(
        key_id, algorithm=algorithm, purpose=resources.PURPOSE_RAW
    )
    return Asked(key_id, algorithm, parameters)


def finish(channel: grpc.Channel, request: pb.ImportKeyRequest) -> resources.Key | Refusal:
    """Call ImportKey; return what comes of it."""
    call = channel.unary_unary(IMPORT)
    try:
        answer = call(request.SerializeToString(), timeout=PATIENCE)
    except grpc.RpcError as error:
        return refusal_of(error)
    return pb.ImportKeyResponse.FromString(answer).key


def wrapping_secrets(home: Home, *asked: Asked) -> dict[str, bytes]:
    """Open the private halves of open imports by other means than the daemon's.

    Of each the 30 bytes that X25519 leaves as they are: it clamps the first and the last.
    """
    found: dict[str, bytes] = {}
    wrapping = AESGCM(derived_keys(home)["wrapping"])
    with closing(sqlite3.connect(f"file:{home.store}?mode=ro", uri=True)) as connection:
        for each in asked:
            row = connection.execute(
                "SELECT public_key, sealed, expire_time FROM imports WHERE id = ?",
                [each.parameters.import_id],
            ).fetchone()
            name, binding, parts = each.key_id, _binding(each, row), SealedKey.parse(row[1])
            data_key = wrapping.decrypt(
                parts.wrap_nonce, parts.wrapped_key, binding.for_data_key(parts.kek_id)
            )
            private = AESGCM(data_key).decrypt(parts.seal_nonce, parts.sealed, binding.for_secret())
            found |= {f"{name} wrapping data key": data_key, f"{name} wrapping": private[1:31]}
    return found


def _binding(asked: Asked, row: tuple[bytes, bytes, int]) -> WrappingBinding:
    terms = ImportTerms(
        import_id=asked.parameters.import_id,
        identity=asked.parameters.identity,
        key_id=asked.key_id,
        algorithm=Algorithm(asked.algorithm),
        purpose=Purpose.RAW,
        network="",
    )
    end = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=row[2])
    return WrappingBinding(terms, end, row[0])
