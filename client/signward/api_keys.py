"""The client's calls to ``AdminService`` about API keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from signward.calls import UnaryCall
from signward.retry import RetryPolicy
from signward.v1 import admin_service_pb2 as pb
from signward.v1.admin_service_pb2_grpc import AdminServiceStub

__all__ = ["ApiKeyCalls", "NewApiKey"]


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
    """What ``AdminService`` does about API keys. Calls are made once and raise ``SignwardError``.

    Args:
        stub: The generated stub.
        timeout: Deadline in seconds for calls that name none.
        policy: How to retry.
    """

    def __init__(self, stub: AdminServiceStub, timeout: float, policy: RetryPolicy) -> None:
        self._create_api_key = UnaryCall(stub.CreateApiKey, timeout, policy)
        self._import_api_key = UnaryCall(stub.ImportApiKey, timeout, policy)
        self._list_api_keys = UnaryCall(stub.ListApiKeys, timeout, policy)
        self._revoke_api_key = UnaryCall(stub.RevokeApiKey, timeout, policy)

    def create_api_key(
        self,
        identity: str,
        *,
        expires: datetime | timedelta,
        address_ranges: Iterable[str] = (),
        timeout: float | None = None,
    ) -> NewApiKey:
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
            identity=identity, expire_time=_timestamp(expires), address_ranges=address_ranges
        )
        answer = self._create_api_key(request, timeout)
        return NewApiKey(answer.api_key, answer.secret)

    def import_api_key(
        self,
        identity: str,
        secret: str,
        *,
        expires: datetime | timedelta,
        address_ranges: Iterable[str] = (),
        timeout: float | None = None,
    ) -> pb.ApiKey:
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
            expire_time=_timestamp(expires),
            address_ranges=address_ranges,
            secret=secret,
        )
        return self._import_api_key(request, timeout).api_key

    def list_api_keys(
        self, *, identity: str = "", page_size: int = 0, timeout: float | None = None
    ) -> Iterator[pb.ApiKey]:
        """Yield the API keys, revoked and expired ones included, in the order of their ids.

        Pages are asked for as they are needed; ``timeout`` is for each of them.

        Args:
            identity: Only those of this identity; empty: of all.
            page_size: 1 to 500; 0: 100.
            timeout: Seconds; ``None``: the client's.
        """
        request = pb.ListApiKeysRequest(page_size=page_size, identity=identity)
        while True:
            page = self._list_api_keys(request, timeout)
            yield from page.api_keys
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def revoke_api_key(self, api_key_id: str, *, timeout: float | None = None) -> pb.ApiKey:
        """Revoke an API key for good; returns when it is refused everywhere.

        Revoking a revoked key succeeds.
        """
        request = pb.RevokeApiKeyRequest(api_key_id=api_key_id)
        return self._revoke_api_key(request, timeout).api_key


def _timestamp(expires: datetime | timedelta) -> Timestamp:
    if isinstance(expires, timedelta):
        expires = datetime.now(UTC) + expires
    if expires.tzinfo is None:
        raise ValueError("expires needs a time zone")
    timestamp = Timestamp()
    timestamp.FromDatetime(expires)
    return timestamp
