"""The client's signing and verifying calls."""

from __future__ import annotations

from collections.abc import Iterable

from signward.errors import SignwardError
from signward.hyperliquid.actions import Action, hyperliquid_payload
from signward.methods import streamed, unary
from signward.plans import Plan, Rpc, has_request_id
from signward.requests import hyperliquid_request, order_request, raw_request
from signward.status import from_status
from signward.v1 import hyperliquid_pb2 as hl
from signward.v1 import sign_service_pb2 as pb
from signward.v1.sign_service_pb2_grpc import SignServiceStub

__all__ = ["SigningCalls"]


def _all_have_request_ids(request: pb.SignBatchRequest) -> bool:
    return all(item.request_id for item in request.requests)


_SIGN = Rpc(SignServiceStub, lambda stub: stub.Sign, has_request_id)
_SIGN_BATCH = Rpc(SignServiceStub, lambda stub: stub.SignBatch, _all_have_request_ids)
_VERIFY = Rpc(SignServiceStub, lambda stub: stub.Verify)


class SigningCalls:
    """``SignService``. Every call raises ``SignwardError`` when it fails."""

    @unary
    def sign(
        self, request: pb.SignRequest, *, timeout: float | None = None
    ) -> Plan[pb.SignResponse]:
        """Sign what a request says; see ``raw_request`` and its sisters."""
        return _SIGN(request, timeout)

    @unary
    def sign_raw(
        self,
        key: str,
        message: bytes,
        *,
        hash: pb.Hash.ValueType | None = None,  # noqa: A002 -- the field's name in the API
        version: int = 0,
        expected_fingerprint: bytes = b"",
        request_id: str = "",
        timeout: float | None = None,
    ) -> Plan[pb.SignResponse]:
        """Sign a message; the signature is ``response.raw.signature``.

        Arguments as for ``raw_request``; ``timeout`` in seconds, ``None``: the client's.
        """
        request = raw_request(
            key,
            message,
            hash=hash,
            version=version,
            expected_fingerprint=expected_fingerprint,
            request_id=request_id,
        )
        return _SIGN(request, timeout)

    @unary
    def sign_order(
        self,
        key: str,
        *,
        action: str,
        coin: str,
        is_buy: bool,
        sz: str,
        limit_px: str,
        timestamp: int,
        version: int = 0,
        expected_fingerprint: bytes = b"",
        request_id: str = "",
        timeout: float | None = None,
    ) -> Plan[pb.SignResponse]:
        """Sign an order intent; ``response.order`` has the signature and the signed bytes.

        Arguments as for ``order_request``; ``timeout`` in seconds, ``None``: the client's.
        """
        request = order_request(
            key,
            action=action,
            coin=coin,
            is_buy=is_buy,
            sz=sz,
            limit_px=limit_px,
            timestamp=timestamp,
            version=version,
            expected_fingerprint=expected_fingerprint,
            request_id=request_id,
        )
        return _SIGN(request, timeout)

    @unary
    def sign_hyperliquid(
        self,
        key: str,
        action: Action,
        *,
        vault_address: str = "",
        expires_after: int = 0,
        nonce: int = 0,
        version: int = 0,
        expected_fingerprint: bytes = b"",
        request_id: str = "",
        timeout: float | None = None,
    ) -> Plan[pb.SignResponse]:
        """Sign an action of the Hyperliquid exchange; post ``response.hyperliquid.post_body``.

        Arguments as for ``hyperliquid_request``; ``timeout`` in seconds, ``None``: the client's.
        """
        request = hyperliquid_request(
            key,
            action,
            vault_address=vault_address,
            expires_after=expires_after,
            nonce=nonce,
            version=version,
            expected_fingerprint=expected_fingerprint,
            request_id=request_id,
        )
        return _SIGN(request, timeout)

    @unary
    def sign_batch(
        self, requests: Iterable[pb.SignRequest], *, timeout: float | None = None
    ) -> Plan[list[pb.SignResponse | SignwardError]]:
        """Sign 1 to 256 requests in one call, at most 1 MiB together.

        Returns:
            For each request, in order, its answer or (not raised) its error.
        """
        answer = yield from _SIGN_BATCH(pb.SignBatchRequest(requests=requests), timeout)
        return [
            from_status(result.error) if result.HasField("error") else result.response
            for result in answer.results
        ]

    @unary
    def verify_raw(
        self,
        key: str,
        message: bytes,
        signature: bytes,
        *,
        hash: pb.Hash.ValueType | None = None,  # noqa: A002 -- the field's name in the API
        version: int = 0,
        timeout: float | None = None,
    ) -> Plan[pb.VerifyResponse]:
        """Say whether a version of the key (0: any) signed the message; see ``response.valid``."""
        request = pb.VerifyRequest(
            key=key,
            version=version,
            raw=pb.RawMessage(message=message, hash=hash or pb.HASH_UNSPECIFIED),
            raw_signature=pb.RawSignature(signature=signature),
        )
        return _VERIFY(request, timeout)

    @unary
    def verify_order(
        self,
        key: str,
        order: pb.OrderIntent,
        signature: bytes,
        *,
        signed_bytes: bytes = b"",
        version: int = 0,
        timeout: float | None = None,
    ) -> Plan[pb.VerifyResponse]:
        """Say whether a version of the key (0: any) signed the order; see ``response.valid``."""
        request = pb.VerifyRequest(
            key=key,
            version=version,
            order=order,
            order_signature=pb.OrderSignature(signature=signature, signed_bytes=signed_bytes),
        )
        return _VERIFY(request, timeout)

    @unary
    def verify_hyperliquid(
        self,
        key: str,
        action: Action,
        signature: hl.HyperliquidSignature,
        *,
        vault_address: str = "",
        version: int = 0,
        timeout: float | None = None,
    ) -> Plan[pb.VerifyResponse]:
        """Say whether a version of the key (0: any) signed the action; see ``response.valid``.

        Args:
            key: Id of the key.
            action: As for ``hyperliquid_request``.
            signature: r, s and v; and the nonce and ``expires_after`` that were signed.
            vault_address: Vault or sub-account that was acted for; empty: the key's.
            version: Version of the key; 0: any.
            timeout: Seconds; ``None``: the client's.
        """
        request = pb.VerifyRequest(
            key=key,
            version=version,
            hyperliquid=hyperliquid_payload(
                action,
                vault_address=vault_address,
                expires_after=signature.expires_after,
                nonce=signature.nonce,
            ),
            hyperliquid_signature=signature,
        )
        return _VERIFY(request, timeout)

    @streamed
    def stream(self, *, timeout: float | None = None) -> float | None:
        """Open a signing stream; use it as a context manager.

        When the client has a new connection, the stream's next item goes over that one.

        Args:
            timeout: Seconds that the whole stream may live; ``None``: no bound of its own.
        """
        return timeout
