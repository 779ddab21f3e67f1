"""The client's calls to ``KeyService``."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import timedelta

from signward.durations import duration_message
from signward.methods import paged, unary
from signward.plans import Pages, Plan, Rpc, has_request_id
from signward.v1 import key_service_pb2 as pb
from signward.v1 import resources_pb2 as resources
from signward.v1.key_service_pb2_grpc import KeyServiceStub

__all__ = ["KeyCalls"]


_CREATE_KEY = Rpc(KeyServiceStub, lambda stub: stub.CreateKey, has_request_id)
_GET_KEY = Rpc(KeyServiceStub, lambda stub: stub.GetKey)
_LIST_KEYS = Rpc(KeyServiceStub, lambda stub: stub.ListKeys)
_UPDATE_KEY = Rpc(KeyServiceStub, lambda stub: stub.UpdateKey)
_GET_PUBLIC_KEY = Rpc(KeyServiceStub, lambda stub: stub.GetPublicKey)
_DISABLE_KEY = Rpc(KeyServiceStub, lambda stub: stub.DisableKey)
_ENABLE_KEY = Rpc(KeyServiceStub, lambda stub: stub.EnableKey)


class KeyCalls:
    """``KeyService``. Every call raises ``SignwardError`` when it fails."""

    @unary
    def create_key(
        self,
        key_id: str,
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
        request_id: str | None = None,
        validate_only: bool = False,
        timeout: float | None = None,
    ) -> Plan[resources.Key]:
        """Create a key with its first version.

        Args:
            key_id: Matches ``[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?``.
            algorithm: Signature algorithm.
            purpose: The only kind of payload that it will sign.
            custody: Where the private key lives; in the daemon's own store unless said otherwise.
            owner: Identity that it belongs to; empty: the caller.
            user_id: The owner's customer, free text.
            labels: At most 40.
            network: Ledger network, for ledger-bound purposes only.
            vault_address: Hyperliquid vault to pin it to, for that purpose only.
            unlock_ttl: How long it stays unlocked after a signature; ``None``: daemon's default.
            grace_period: How long a replaced version still signs; ``None``: 30 days.
            rotation_period: Time between rotations by the daemon; ``None``: by hand only.
            allow_digest: Whether it may sign bare 32-byte digests (raw secp256k1 keys only).
            request_id: Makes retries safe; ``None``: a fresh one, so that this call's own
                retries are. Give your own to repeat the creation safely after a crash.
            validate_only: ``True``: check everything and create nothing.
            timeout: Seconds; ``None``: the client's.
        """
        request = pb.CreateKeyRequest(
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
            request_id=uuid.uuid4().hex if request_id is None else request_id,
            validate_only=validate_only,
        )
        return (yield from _CREATE_KEY(request, timeout)).key

    @unary
    def get_key(
        self,
        key_id: str,
        *,
        view: pb.KeyView.ValueType = pb.KEY_VIEW_UNSPECIFIED,
        timeout: float | None = None,
    ) -> Plan[resources.Key]:
        """Read a key; UNSPECIFIED: with its newest versions."""
        return (yield from _GET_KEY(pb.GetKeyRequest(key_id=key_id, view=view), timeout)).key

    @paged
    def list_keys(
        self,
        *,
        view: pb.KeyView.ValueType = pb.KEY_VIEW_UNSPECIFIED,
        labels: Mapping[str, str] | None = None,
        owner: str = "",
        user_id: str = "",
        purpose: resources.Purpose.ValueType = resources.PURPOSE_UNSPECIFIED,
        custody: resources.Custody.ValueType = resources.CUSTODY_UNSPECIFIED,
        page_size: int = 0,
        timeout: float | None = None,
    ) -> Pages[resources.Key]:
        """Yield the keys that match every filter, in the order of their ids.

        Pages are asked for as they are needed; ``timeout`` is for each of them.
        """
        request = pb.ListKeysRequest(
            page_size=page_size,
            view=view,
            labels=labels or {},
            owner=owner,
            user_id=user_id,
            purpose=purpose,
            custody=custody,
        )
        return Pages(_LIST_KEYS, request, timeout, lambda page: page.keys)

    @unary
    def update_key(
        self,
        key_id: str,
        *,
        labels: Mapping[str, str] | None = None,
        owner: str | None = None,
        unlock_ttl: timedelta | None = None,
        grace_period: timedelta | None = None,
        rotation_period: timedelta | None = None,
        reset: Iterable[str] = (),
        etag: str = "",
        timeout: float | None = None,
    ) -> Plan[resources.Key]:
        """Change what is given and nothing else.

        Args:
            key_id: Id of the key.
            labels: Replace all labels.
            owner: New owner.
            unlock_ttl: How long it stays unlocked after a signature.
            grace_period: How long a version replaced later still signs.
            rotation_period: Time between rotations by the daemon; zero: by hand only.
            reset: Names of fields to set back: ``labels``, ``unlock_ttl``, ``grace_period``,
                ``rotation_period``.
            etag: ``etag`` of the key as it was read; ``Aborted`` if it changed since.
            timeout: Seconds; ``None``: the client's.
        """
        given = {
            "labels": labels,
            "owner": owner,
            "unlock_ttl": unlock_ttl,
            "grace_period": grace_period,
            "rotation_period": rotation_period,
        }
        request = pb.UpdateKeyRequest(
            key_id=key_id,
            etag=etag,
            labels=labels or {},
            owner=owner or "",
            unlock_ttl=duration_message(unlock_ttl),
            grace_period=duration_message(grace_period),
            rotation_period=duration_message(rotation_period),
        )
        request.update_mask.paths.extend(name for name, value in given.items() if value is not None)
        request.update_mask.paths.extend(reset)
        return (yield from _UPDATE_KEY(request, timeout)).key

    @unary
    def get_public_key(
        self, key_id: str, *, version: int = 0, timeout: float | None = None
    ) -> Plan[pb.GetPublicKeyResponse]:
        """Read the public key of a version (0: the primary one)."""
        return _GET_PUBLIC_KEY(pb.GetPublicKeyRequest(key_id=key_id, version=version), timeout)

    @unary
    def disable_key(
        self, key_id: str, *, reason: str = "", timeout: float | None = None
    ) -> Plan[resources.Key]:
        """Stop a key from signing; returns when it has stopped everywhere."""
        request = pb.DisableKeyRequest(key_id=key_id, reason=reason)
        return (yield from _DISABLE_KEY(request, timeout)).key

    @unary
    def enable_key(
        self, key_id: str, *, reason: str = "", timeout: float | None = None
    ) -> Plan[resources.Key]:
        """Let a disabled key sign again."""
        request = pb.EnableKeyRequest(key_id=key_id, reason=reason)
        return (yield from _ENABLE_KEY(request, timeout)).key
