"""Keys as messages."""

from __future__ import annotations

import enum
from typing import Any

from signward.v1 import key_service_pb2, resources_pb2

from signward_server.core.keys import Key, KeyVersion, Purpose
from signward_server.core.public_key import PublicKey
from signward_server.rpc.convert.addresses import address_of_key, shown_address
from signward_server.rpc.convert.times import duration, timestamp

__all__ = ["key_message", "public_key_response", "version_message"]

_SHOWN_VERSIONS = 10


def key_message(key: Key, *, with_versions: bool) -> resources_pb2.Key:
    """Return a key as the API shows it; versions newest first, at most 10."""
    message = resources_pb2.Key(
        id=key.id,
        algorithm=_number(key.algorithm),
        custody=_number(key.custody),
        purpose=_number(key.purpose),
        state=_number(key.state),
        owner=key.owner,
        user_id=key.user_id,
        labels=dict(key.labels),
        network=key.network,
        primary_version=key.primary_version,
        grace_period=duration(key.grace_period),
        rotation_period=duration(key.rotation_period),
        freeze=_number(key.freeze),
        allow_digest=key.allow_digest,
        vault_address=key.vault_address and shown_address(key.vault_address),
        create_time=timestamp(key.create_time),
        update_time=timestamp(key.update_time),
        etag=key.etag if key.versions else "",  # none while it is only a draft
    )
    if key.unlock_ttl is not None:
        message.unlock_ttl.CopyFrom(duration(key.unlock_ttl))
    if with_versions:
        for version in key.versions[:_SHOWN_VERSIONS]:
            message.versions.append(version_message(key, version))
    return message


def public_key_response(key: Key, version: KeyVersion) -> key_service_pb2.GetPublicKeyResponse:
    """Return a public key in all its encodings."""
    return key_service_pb2.GetPublicKeyResponse(
        key_id=key.id,
        version=version.version,
        state=_number(version.state),
        public_key=_public_key_message(key, version.public_key),
    )


def version_message(key: Key, version: KeyVersion) -> resources_pb2.KeyVersion:
    """Return a version as the API shows it."""
    message = resources_pb2.KeyVersion(
        version=version.version,
        state=_number(version.state),
        public_key=_public_key_message(key, version.public_key),
        create_time=timestamp(version.create_time),
        backend_ref=version.backend_ref,
    )
    if version.grace_end_time is not None:
        message.grace_end_time.CopyFrom(timestamp(version.grace_end_time))
    if version.destroy_time is not None:
        message.destroy_time.CopyFrom(timestamp(version.destroy_time))
    return message


def _public_key_message(key: Key, public: PublicKey) -> resources_pb2.PublicKey:
    has_address = key.purpose is Purpose.HYPERLIQUID and public.uncompressed  # S26
    return resources_pb2.PublicKey(
        algorithm=_number(key.algorithm),
        raw=public.raw,
        uncompressed=public.uncompressed,
        spki_der=public.spki_der,
        pem=public.pem,
        fingerprint=public.fingerprint,
        ethereum_address=address_of_key(public.uncompressed) if has_address else "",
    )


def _number(member: enum.IntEnum) -> Any:  # noqa: ANN401  # the stubs tell enums apart, we map all
    return member.value
