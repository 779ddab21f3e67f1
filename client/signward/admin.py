"""The client's calls to ``AdminService``: keys, approvals, reloading, the audit log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from signward.api_keys import ApiKeyCalls
from signward.audit_calls import AuditCalls
from signward.expiry import expiry_message
from signward.methods import unary
from signward.plans import Plan, Rpc
from signward.v1 import admin_service_pb2 as pb
from signward.v1 import resources_pb2 as resources
from signward.v1.admin_service_pb2_grpc import AdminServiceStub

__all__ = ["AdminCalls"]

_FREEZE_KEY = Rpc(AdminServiceStub, lambda stub: stub.FreezeKey)
_UNFREEZE_KEY = Rpc(AdminServiceStub, lambda stub: stub.UnfreezeKey)
_APPROVE_REQUEST = Rpc(AdminServiceStub, lambda stub: stub.ApproveRequest)
_RELOAD = Rpc(AdminServiceStub, lambda stub: stub.Reload)

_RequestT = TypeVar("_RequestT", pb.FreezeKeyRequest, pb.UnfreezeKeyRequest)


class AdminCalls(ApiKeyCalls, AuditCalls):
    """``AdminService``. Every call is made once and raises ``SignwardError``."""

    @unary
    def freeze_key(
        self,
        key_id: str = "",
        *,
        labels: Mapping[str, str] | None = None,
        mode: resources.Freeze.ValueType = resources.FREEZE_ALL,
        reason: str = "",
        timeout: float | None = None,
    ) -> Plan[list[str]]:
        """Stop one key, or all that have these labels, from signing.

        Returns when they have stopped everywhere. Keys made later are not affected.

        Args:
            key_id: Id of the key; empty: ``labels`` say which.
            labels: Which keys: those with all of these labels, at least one.
            mode: ``FREEZE_ALL``, or ``FREEZE_CANCEL_ONLY``: they sign only what cancels.
            reason: Why, for the record; at most 256 characters.
            timeout: Seconds; ``None``: the client's.

        Returns:
            Ids of the keys that are in this mode now, those that were before included.

        Raises:
            ValueError: Both or neither of ``key_id`` and ``labels`` are given.
        """
        request = _choose(pb.FreezeKeyRequest(mode=mode, reason=reason), key_id, labels)
        return list((yield from _FREEZE_KEY(request, timeout)).key_ids)

    @unary
    def unfreeze_key(
        self,
        key_id: str = "",
        *,
        labels: Mapping[str, str] | None = None,
        reason: str = "",
        timeout: float | None = None,
    ) -> Plan[list[str]]:
        """Let one key, or all that have these labels, sign again; arguments as ``freeze_key``.

        Returns:
            Ids of the keys that are not frozen now.

        Raises:
            ValueError: Both or neither of ``key_id`` and ``labels`` are given.
        """
        request = _choose(pb.UnfreezeKeyRequest(reason=reason), key_id, labels)
        return list((yield from _UNFREEZE_KEY(request, timeout)).key_ids)

    @unary
    def approve_request(
        self,
        digest: bytes | str,
        *,
        expires: datetime | timedelta,
        reason: str = "",
        timeout: float | None = None,
    ) -> Plan[datetime]:
        """Approve one signature of somebody else, which was refused for want of an approval.

        It is for exactly one action on one key, and is used once. Whoever approves cannot use it.

        Args:
            digest: What the refusal names as ``approval_digest``: 32 bytes, or 64 hex digits.
            expires: When it ends if it is not used, with a time zone, or how long from now; at
                most one day.
            reason: Why, for the record; at most 256 characters.
            timeout: Seconds; ``None``: the client's.

        Returns:
            When it ends, UTC.

        Raises:
            ValueError: ``digest`` is not written in hex, or ``expires`` has no time zone.
        """
        request = pb.ApproveRequestRequest(
            digest=bytes.fromhex(digest) if isinstance(digest, str) else digest,
            expire_time=expiry_message(expires),
            reason=reason,
        )
        answer = yield from _APPROVE_REQUEST(request, timeout)
        return answer.expire_time.ToDatetime(UTC)

    @unary
    def reload(
        self, parts: Iterable[pb.ReloadPart.ValueType] = (), *, timeout: float | None = None
    ) -> Plan[list[pb.ReloadResult]]:
        """Have the daemon read again what may have changed; none named: everything.

        Returns:
            For each part what is in force now. A bad new one keeps the old one in force, which
            is no error of the call: ``problem`` says why.
        """
        return list((yield from _RELOAD(pb.ReloadRequest(parts=parts), timeout)).results)


def _choose(request: _RequestT, key_id: str, labels: Mapping[str, str] | None) -> _RequestT:
    """Say in a request which keys it is about."""
    if bool(key_id) == bool(labels):
        raise ValueError("give either key_id or labels")
    if labels:
        request.selector.labels.update(labels)
    else:
        request.key_id = key_id
    return request
