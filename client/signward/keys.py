"""The client's calls to ``KeyService``."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

import grpc
from google.protobuf.duration_pb2 import Duration

from signward.calls import UnaryCall
from signward.retry import RetryPolicy
from signward.v1 import key_service_pb2 as pb
from signward.v1 import resources_pb2 as resources
from signward.v1.key_service_pb2_grpc import KeyServiceStub

__all__ = ["KeyCalls", "duration"]


def _has_request_id(request: pb.CreateKeyRequest) -> bool:
    return bool(request.request_id)


def duration(value: timedelta | None) -> Duration | None:
    """Return the message of a duration, ``None`` for none."""
    if value is None:
        return None
    message = Duration()
    message.FromTimedelta(value)
    return message


class KeyCalls:
    """``KeyService`` of one channel. Every call raises ``SignwardError`` when it fails."""

    def __init__(self, channel: grpc.Channel, timeout: float, policy: RetryPolicy) -> None:
        stub = KeyServiceStub(channel)
        self._create_key = UnaryCall(stub.CreateKey, timeout, policy, _has_request_id)
        self._get_key = UnaryCall(stub.GetKey, timeout, policy)
        self._list_keys = UnaryCall(stub.ListKeys, timeout, policy)
        self._update_key = UnaryCall(stub.UpdateKey, timeout, policy)
        self._get_public_key = UnaryCall(stub.GetPublicKey, timeout, policy)
        self._disable_key = UnaryCall(stub.DisableKey, timeout, policy)
        self._enable_key = UnaryCall(stub.EnableKey, timeout, policy)

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
        unlock_ttl: timedelta | None = None,
        grace_period: timedelta | None = None,
        allow_digest: bool = False,
        request_id: str | None = None,
        validate_only: bool = False,
        timeout: float | None = None,
    ) -> resources.Key:
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
            unlock_ttl: How long it stays unlocked after a signature; ``None``: daemon's default.
            grace_period: How long a replaced version still signs; ``None``: 30 days.
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
            unlock_ttl=duration(unlock_ttl),
            grace_period=duration(grace_period),
            allow_digest=allow_digest,
            request_id=uuid.uuid4().hex if request_id is None else request_id,
            validate_only=validate_only,
        )
        return self._create_key(request, timeout).key

    def get_key(
        self,
        key_id: str,
        *,
        view: pb.KeyView.ValueType = pb.KEY_VIEW_UNSPECIFIED,
        timeout: float | None = None,
    ) -> resources.Key:
        """Read a key; UNSPECIFIED: with its newest versions."""
        return self._get_key(pb.GetKeyRequest(key_id=key_id, view=view), timeout).key

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
    ) -> Iterator[resources.Key]:
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
        while True:
            page = self._list_keys(request, timeout)
            yield from page.keys
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def update_key(
        self,
        key_id: str,
        *,
        labels: Mapping[str, str] | None = None,
        owner: str | None = None,
        unlock_ttl: timedelta | None = None,
        grace_period: timedelta | None = None,
        reset: Iterable[str] = (),
        etag: str = "",
        timeout: float | None = None,
    ) -> resources.Key:
        """Change what is given and nothing else.

        Args:
            key_id: Id of the key.
            labels: Replace all labels.
            owner: New owner.
            unlock_ttl: How long it stays unlocked after a signature.
            grace_period: How long a version replaced later still signs.
            reset: Names of fields to set back: ``labels``, ``unlock_ttl``, ``grace_period``.
            etag: ``etag`` of the key as it was read; ``Aborted`` if it changed since.
            timeout: Seconds; ``None``: the client's.
        """
        given = {
            "labels": labels,
            "owner": owner,
            "unlock_ttl": unlock_ttl,
            "grace_period": grace_period,
        }
        request = pb.UpdateKeyRequest(
            key_id=key_id,
            etag=etag,
            labels=labels or {},
            owner=owner or "",
            unlock_ttl=duration(unlock_ttl),
            grace_period=duration(grace_period),
        )
        request.update_mask.paths.extend(name for name, value in given.items() if value is not None)
        request.update_mask.paths.extend(reset)
        return self._update_key(request, timeout).key

    def get_public_key(
        self, key_id: str, *, version: int = 0, timeout: float | None = None
    ) -> pb.GetPublicKeyResponse:
        """Read the public key of a version (0: the primary one)."""
        return self._get_public_key(pb.GetPublicKeyRequest(key_id=key_id, version=version), timeout)

    def disable_key(
        self, key_id: str, *, reason: str = "", timeout: float | None = None
    ) -> resources.Key:
        """Stop a key from signing; returns when it has stopped everywhere."""
        return self._disable_key(pb.DisableKeyRequest(key_id=key_id, reason=reason), timeout).key

    def enable_key(
        self, key_id: str, *, reason: str = "", timeout: float | None = None
    ) -> resources.Key:
        """Let a disabled key sign again."""
        return self._enable_key(pb.EnableKeyRequest(key_id=key_id, reason=reason), timeout).key
