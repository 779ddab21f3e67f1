"""The client's calls to ``KeyService`` that are about versions of keys."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from signward.durations import duration_message
from signward.methods import paged, unary
from signward.plans import Pages, Plan, Rpc, has_request_id
from signward.v1 import key_service_pb2 as pb
from signward.v1 import resources_pb2 as resources
from signward.v1.key_service_pb2_grpc import KeyServiceStub

__all__ = ["VersionCalls"]


_ROTATE = Rpc(KeyServiceStub, lambda stub: stub.RotateKey, has_request_id)
_ACTIVATE = Rpc(KeyServiceStub, lambda stub: stub.ActivateKeyVersion)
_UPDATE = Rpc(KeyServiceStub, lambda stub: stub.UpdateKey)
_VERSIONS = Rpc(KeyServiceStub, lambda stub: stub.ListKeyVersions)
_SCHEDULE_DESTROY = Rpc(KeyServiceStub, lambda stub: stub.ScheduleDestroyKeyVersion)
_RESTORE = Rpc(KeyServiceStub, lambda stub: stub.RestoreKeyVersion)
_CHECK = Rpc(KeyServiceStub, lambda stub: stub.CheckKey)


class VersionCalls:
    """Versions of keys. Every call raises ``SignwardError`` when it fails."""

    @unary
    def rotate_key(
        self,
        key_id: str,
        *,
        grace_period: timedelta | None = None,
        etag: str = "",
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> Plan[pb.RotateKeyResponse]:
        """Give a key its next version; the answer has both public keys and the grace's end.

        Args:
            key_id: Id of the key.
            grace_period: How long the old version still signs, this time only; zero: not at
                all; ``None``: the key's own.
            etag: ``etag`` of the key as it was read; ``Aborted`` if it changed since.
            request_id: Makes retries safe; ``None``: a fresh one, so that this call's own
                retries are. Give your own to repeat the rotation safely after a crash.
            timeout: Seconds; ``None``: the client's.

        Raises:
            Aborted: The key changed since it was read, or at this very moment.
        """
        request = pb.RotateKeyRequest(
            key_id=key_id,
            request_id=uuid.uuid4().hex if request_id is None else request_id,
            etag=etag,
            grace_period=duration_message(grace_period),
        )
        return _ROTATE(request, timeout)

    @unary
    def activate_key_version(
        self,
        key_id: str,
        version: int,
        *,
        grace_period: timedelta | None = None,
        timeout: float | None = None,
    ) -> Plan[resources.Key]:
        """Make a pending version primary, once its ledger knows it."""
        request = pb.ActivateKeyVersionRequest(
            key_id=key_id, version=version, grace_period=duration_message(grace_period)
        )
        return (yield from _ACTIVATE(request, timeout)).key

    @unary
    def end_grace(
        self,
        key_id: str,
        version: int,
        *,
        at: datetime | None = None,
        etag: str = "",
        timeout: float | None = None,
    ) -> Plan[resources.Key]:
        """Have a version in grace stop signing earlier than it would.

        Args:
            key_id: Id of the key.
            version: The version.
            at: When it stops, with a time zone, never later than it would anyway; ``None``:
                at once, which is what to do when it leaked.
            etag: ``etag`` of the key as it was read; ``Aborted`` if it changed since.
            timeout: Seconds; ``None``: the client's.

        Raises:
            ValueError: The time has no time zone.
        """
        request = pb.UpdateKeyRequest(key_id=key_id, etag=etag, grace_version=version)
        request.update_mask.paths.append("grace_end_time")
        if at is not None:
            if at.tzinfo is None:
                raise ValueError("a time needs a time zone, such as datetime.UTC")
            request.grace_end_time.FromDatetime(at)
        return (yield from _UPDATE(request, timeout)).key

    @paged
    def list_key_versions(
        self, key_id: str, *, page_size: int = 0, timeout: float | None = None
    ) -> Pages[resources.KeyVersion]:
        """Yield all versions of a key, newest first.

        Pages are asked for as they are needed; ``timeout`` is for each of them.
        """
        request = pb.ListKeyVersionsRequest(key_id=key_id, page_size=page_size)
        return Pages(_VERSIONS, request, timeout, lambda page: page.versions)

    @unary
    def schedule_destroy_key_version(
        self,
        key_id: str,
        version: int,
        *,
        wait: timedelta | None = None,
        timeout: float | None = None,
    ) -> Plan[resources.KeyVersion]:
        """Plan the destruction of a version, which signs nothing from now on.

        Args:
            key_id: Id of the key.
            version: The version; not the primary one of an enabled key.
            wait: How long that can be taken back, 7 to 30 days; ``None``: 30 days.
            timeout: Seconds; ``None``: the client's.
        """
        request = pb.ScheduleDestroyKeyVersionRequest(
            key_id=key_id, version=version, wait=duration_message(wait)
        )
        return (yield from _SCHEDULE_DESTROY(request, timeout)).version

    @unary
    def restore_key_version(
        self, key_id: str, version: int, *, timeout: float | None = None
    ) -> Plan[resources.KeyVersion]:
        """Take a planned destruction back; the version is retired, whatever it was before."""
        request = pb.RestoreKeyVersionRequest(key_id=key_id, version=version)
        return (yield from _RESTORE(request, timeout)).version

    @unary
    def check_key(self, key_id: str, *, timeout: float | None = None) -> Plan[pb.CheckKeyResponse]:
        """Compare the back end of a key with the catalogue; no problems: the key is sound."""
        return _CHECK(pb.CheckKeyRequest(key_id=key_id), timeout)
