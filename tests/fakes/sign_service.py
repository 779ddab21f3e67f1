"""``SignService`` of the fake daemon."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import grpc
from cryptography.exceptions import InvalidSignature
from google.rpc import status_pb2
from signward.v1 import hyperliquid_pb2
from signward.v1 import resources_pb2 as resources
from signward.v1 import sign_service_pb2 as sign_pb
from signward.v1.sign_service_pb2_grpc import SignServiceServicer

from tests.fakes.daemon_state import FakeState, abort
from tests.fakes.statuses import status

__all__ = ["FIRST_NONCE", "FakeSignService"]

FIRST_NONCE = 1_700_000_000_000

StreamScript = Callable[
    [Iterator[sign_pb.SignStreamRequest], grpc.ServicerContext],
    Iterable[sign_pb.SignStreamResponse],
]


def _bytes_of(message: sign_pb.SignRequest | sign_pb.VerifyRequest) -> bytes:
    payload = message.WhichOneof("payload")
    if payload == "raw":
        return message.raw.message
    if payload == "hyperliquid":
        action = message.hyperliquid
        return (
            f"{action.nonce or FIRST_NONCE}|{action.expires_after}|{action.vault_address}".encode()
        )
    order = message.order
    return f"{order.action}|{order.coin}|{order.is_buy}|{order.sz}|{order.limit_px}".encode()


class FakeSignService(FakeState, SignServiceServicer):
    """Signs and verifies really; a test may script the stream or hold signing up."""

    def __init__(self) -> None:
        super().__init__()
        self.on_stream: StreamScript | None = None
        self.gate: threading.Event | None = None  # when given, signing waits for it

    def Sign(self, request, context):  # noqa: N802
        self._enter("Sign", request, context)
        answer = self.sign(request)
        return answer if isinstance(answer, sign_pb.SignResponse) else abort(context, answer)

    def SignBatch(self, request, context):  # noqa: N802
        self._enter("SignBatch", request, context)
        results = [_outcome(sign_pb.SignBatchResult, self.sign(r)) for r in request.requests]
        return sign_pb.SignBatchResponse(results=results)

    def SignStream(self, request_iterator, context):  # noqa: N802
        self._enter("SignStream", None, context)
        if self.on_stream is not None:
            yield from self.on_stream(request_iterator, context)
            return
        for item in request_iterator:
            yield self.answer(item)

    def Verify(self, request, context):  # noqa: N802
        self._enter("Verify", request, context)
        stored = self._find(request.key, context)
        kind = request.WhichOneof("result")
        claimed = getattr(request, kind)
        if kind == "hyperliquid_signature":
            signature = bytes.fromhex(claimed.r[2:] + claimed.s[2:])
        else:
            signature = claimed.signature
        try:
            stored.private.public_key().verify(signature, _bytes_of(request))
        except InvalidSignature:
            return sign_pb.VerifyResponse(valid=False, reason="No version made this signature.")
        return sign_pb.VerifyResponse(valid=True, version=1)

    def sign(self, request: sign_pb.SignRequest) -> sign_pb.SignResponse | status_pb2.Status:
        if self.gate is not None:
            self.gate.wait(10)
        stored = self.keys.get(request.key)
        if stored is None:
            return status("NOT_FOUND", "KEY_NOT_FOUND", "There is no such key.")
        if stored.key.state == resources.KEY_STATE_DISABLED:
            return status("FAILED_PRECONDITION", "KEY_DISABLED", "The key is disabled.")
        message = _bytes_of(request)
        signature = stored.private.sign(message)
        answer = sign_pb.SignResponse(
            key=request.key, version=1, signed_bytes_digest=hashlib.sha256(message).digest()
        )
        if request.WhichOneof("payload") == "raw":
            answer.raw.signature = signature
        elif request.WhichOneof("payload") == "hyperliquid":
            answer.hyperliquid.CopyFrom(_hyperliquid(request.hyperliquid, signature))
        else:
            answer.order.signature, answer.order.signed_bytes = signature, message
        return answer

    def answer(self, item: sign_pb.SignStreamRequest) -> sign_pb.SignStreamResponse:
        response = _outcome(sign_pb.SignStreamResponse, self.sign(item.request))
        response.id = item.id
        return response


def _hyperliquid(
    payload: hyperliquid_pb2.HyperliquidPayload, signature: bytes
) -> hyperliquid_pb2.HyperliquidSignature:
    """Return an answer in the right form; what it signs is not what the exchange wants."""
    answer = hyperliquid_pb2.HyperliquidSignature(
        r=f"0x{signature[:32].hex()}",
        s=f"0x{signature[32:].hex()}",
        v=27,
        nonce=payload.nonce or FIRST_NONCE,
        expires_after=payload.expires_after,
    )
    body = {
        "action": {"type": payload.WhichOneof("action")},
        "nonce": answer.nonce,
        "signature": {"r": answer.r, "s": answer.s, "v": answer.v},
        "vaultAddress": payload.vault_address or None,
        "expiresAfter": payload.expires_after or None,
    }
    answer.post_body = json.dumps(body, separators=(",", ":")).encode()
    return answer


def _outcome(kind: type[Any], answer: sign_pb.SignResponse | status_pb2.Status) -> Any:
    if isinstance(answer, status_pb2.Status):
        return kind(error=answer)
    return kind(response=answer)
