"""The client's calls to ``AdminService`` about API keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from signward.expiry import expiry_message
from signward.methods import paged, unary
from signward.plans import Pages, Plan, Rpc
from signward.v1 import admin_service_pb2 as pb
from signward.v1.admin_service_pb2_grpc import AdminServiceStub

__all__ = ["ApiKeyCalls", "NewApiKey"]

_CREATE_API_KEY = Rpc(AdminServiceStub, lambda stub: stub.CreateApiKey)
_IMPORT_API_KEY = Rpc(AdminServiceStub, lambda stub: stub.ImportApiKey)
_LIST_API_KEYS = Rpc(AdminServiceStub, lambda stub: stub.ListApiKeys)
_REVOKE_API_KEY = Rpc(AdminServiceStub, lambda stub: stub.RevokeApiKey)


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """An API key that was just made.

    Attributes:
        api_key: What the daemon keeps of it.
        secret: What its holder sends. It is nowhere else: store it now. Never shown.
    """

    api_key: pb.ApiKey
    secret: str = field(repr=False)


class ApiKeyCalls:
    """What ``AdminService`` does about API keys. Each call is made once."""

    @unary
    def create_api_key(
        self,
        identity: str,
        *,
        expires: datetime | timedelta,
        address_ranges: Iterable[str] = (),
        timeout: float | None = None,
    ) -> Plan[NewApiKey]:
        """Make an API key; its secret is in this answer and nowhere else.

        When the call fails without an answer there may be a key that nobody knows the secret
        of: see ``list_api_keys``, and revoke it.

        Args:
            identity: Whom its holder will be, as ``spiffe://…``, ``dns:…``, ``cn:…`` or
                ``apikey:…``.
            expires: When it ends, with a time zone, or how long from now; at most ten years.
            address_ranges: Networks as ``10.0.0.0/8`` that it may be used from, at most 32;
                none: from anywhere.
            timeout: Seconds; ``None``: the client's.

        Raises:
            ValueError: ``expires`` has no time zone.
        """
        request = pb.CreateApiKeyRequest(
            identity=identity, expire_time=expiry_message(expires), address_ranges=address_ranges
        )
        answer = yield from _CREATE_API_KEY(request, timeout)
        return NewApiKey(answer.api_key, answer.secret)

    @unary
    def import_api_key(
        self,
        identity: str,
        secret: str,
        *,
        expires: datetime | timedelta,
        address_ranges: Iterable[str] = (),
        timeout: float | None = None,
    ) -> Plan[pb.ApiKey]:
        """Take over a secret that callers send already.

        Args:
            identity: As in ``create_api_key``.
            secret: 24 to 512 printable ASCII characters without spaces, at least ten different.
            expires: As in ``create_api_key``.
            address_ranges: As in ``create_api_key``.
            timeout: Seconds; ``None``: the client's.

        Raises:
            ValueError: ``expires`` has no time zone.
        """
        request = pb.ImportApiKeyRequest(
            identity=identity,
            expire_time=expiry_message(expires),
            address_ranges=address_ranges,
            secret=secret,
        )
        return (yield from _IMPORT_API_KEY(request, timeout)).api_key

    @paged
    def list_api_keys(
        self, *, identity: str = "", page_size: int = 0, timeout: float | None = None
    ) -> Pages[pb.ApiKey]:
        """Yield the API keys, revoked and expired ones included, in the order of their ids.

        Pages are asked for as they are needed; ``timeout`` is for each of them.

        Args:
            identity: Only those of this identity; empty: of all.
            page_size: 1 to 500; 0: 100.
            timeout: Seconds; ``None``: the client's.
        """
        request = pb.ListApiKeysRequest(page_size=page_size, identity=identity)
        return Pages(_LIST_API_KEYS, request, timeout, lambda page: page.api_keys)

    @unary
    def revoke_api_key(self, api_key_id: str, *, timeout: float | None = None) -> Plan[pb.ApiKey]:
        """Revoke an API key for good; returns when it is refused everywhere.

        Revoking a revoked key succeeds.
        """
        request = pb.RevokeApiKeyRequest(api_key_id=api_key_id)
        return (yield from _REVOKE_API_KEY(request, timeout)).api_key
