"""A daemon for the client's tests: the generated services over mTLS, Ed25519 keys in memory.

It signs and verifies really, keeps what it was asked, and fails as a test plans it.
"""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.rpc import status_pb2
from signward.v1 import key_service_pb2 as key_pb
from signward.v1 import resources_pb2 as resources
from signward.v1 import sign_service_pb2 as sign_pb
from signward.v1.key_service_pb2_grpc import (
    KeyServiceServicer,
    add_KeyServiceServicer_to_server,
)
from signward.v1.sign_service_pb2_grpc import (
    SignServiceServicer,
    add_SignServiceServicer_to_server,
)

from tests.fakes.certificates import Authority, CertificateFiles
from tests.fakes.statuses import status

__all__ = ["FakeDaemon", "Seen"]

_CODES = {code.value[0]: code for code in grpc.StatusCode}
_HEALTH = {"": 1, "signward.v1.SignService": 1, "signward.v1.KeyService": 2}

StreamScript = Callable[
    [Iterator[sign_pb.SignStreamRequest], grpc.ServicerContext],
    Iterable[sign_pb.SignStreamResponse],
]


@dataclass(frozen=True, slots=True)
class Seen:
    """One call as the daemon saw it."""

    method: str
    request: Any
    time_remaining: float | None
    peer: str


@dataclass(slots=True)
class _Stored:
    private: Ed25519PrivateKey
    key: resources.Key


def _public_key(private: Ed25519PrivateKey) -> resources.PublicKey:
    public = private.public_key()
    encoding, public_format = serialization.Encoding, serialization.PublicFormat
    der = public.public_bytes(encoding.DER, public_format.SubjectPublicKeyInfo)
    return resources.PublicKey(
        algorithm=resources.ALGORITHM_ED25519,
        raw=public.public_bytes(encoding.Raw, public_format.Raw),
        spki_der=der,
        pem=public.public_bytes(encoding.PEM, public_format.SubjectPublicKeyInfo).decode(),
        fingerprint=hashlib.sha256(der).digest(),
    )


def _bytes_of(message: sign_pb.SignRequest | sign_pb.VerifyRequest) -> bytes:
    if message.WhichOneof("payload") == "raw":
        return message.raw.message
    order = message.order
    return f"{order.action}|{order.coin}|{order.is_buy}|{order.sz}|{order.limit_px}".encode()


class FakeDaemon(KeyServiceServicer, SignServiceServicer):
    """Serves on a free loopback port or a Unix socket until ``stop``."""

    def __init__(self, authority: Authority, server: CertificateFiles, socket: Path | None) -> None:
        self.keys: dict[str, _Stored] = {}
        self.seen: list[Seen] = []
        self.planned: dict[str, deque[status_pb2.Status | bytes]] = {}
        self.created: dict[str, resources.Key] = {}
        self.on_stream: StreamScript | None = None
        self.gate: threading.Event | None = None  # when given, signing waits for it
        self.health = dict(_HEALTH)
        self._server = grpc.server(ThreadPoolExecutor(16), options=[("grpc.so_reuseport", 0)])
        add_KeyServiceServicer_to_server(self, self._server)
        add_SignServiceServicer_to_server(self, self._server)
        self._server.add_generic_rpc_handlers((self._health_handler(),))
        pair = (server.private_key.read_bytes(), server.certificate.read_bytes())
        credentials = grpc.ssl_server_credentials(
            [pair], authority.ca.read_bytes(), require_client_auth=True
        )
        address = f"unix:{socket}" if socket else "localhost:0"
        port = self._server.add_secure_port(address, credentials)
        self.target = address if socket else f"localhost:{port}"
        self._server.start()

    @staticmethod
    def server_names() -> tuple[x509.GeneralName, ...]:
        return (x509.DNSName("localhost"),)

    def plan(self, method: str, *failures: status_pb2.Status | bytes) -> None:
        """Let the next calls of a method fail so; bytes are sent as they are, as UNAVAILABLE."""
        self.planned.setdefault(method, deque()).extend(failures)

    def calls(self, method: str) -> list[Any]:
        return [seen.request for seen in self.seen if seen.method == method]

    def stop(self) -> None:
        self._server.stop(0).wait(5)

    def add_key(self, key_id: str, **fields: Any) -> resources.Key:
        private = Ed25519PrivateKey.generate()
        key = resources.Key(
            id=key_id,
            algorithm=resources.ALGORITHM_ED25519,
            custody=resources.CUSTODY_ENVELOPE,
            state=resources.KEY_STATE_ENABLED,
            primary_version=1,
            etag="1",
            versions=[
                resources.KeyVersion(
                    version=1,
                    state=resources.KEY_VERSION_STATE_PRIMARY,
                    public_key=_public_key(private),
                )
            ],
            **fields,
        )
        self.keys[key_id] = _Stored(private, key)
        return key

    # KeyService ---------------------------------------------------------------------------

    def CreateKey(self, request, context):  # noqa: N802 -- the service's names
        self._enter("CreateKey", request, context)
        if request.request_id in self.created:
            return key_pb.CreateKeyResponse(key=self.created[request.request_id])
        if request.key_id in self.keys:
            _abort(context, status("ALREADY_EXISTS", "KEY_EXISTS", "A key with this id exists."))
        key = self.add_key(request.key_id, purpose=request.purpose, labels=dict(request.labels))
        self.created[request.request_id] = key
        return key_pb.CreateKeyResponse(key=key)

    def GetKey(self, request, context):  # noqa: N802
        self._enter("GetKey", request, context)
        return key_pb.GetKeyResponse(key=self._find(request.key_id, context).key)

    def ListKeys(self, request, context):  # noqa: N802
        self._enter("ListKeys", request, context)
        matching = [
            self.keys[name].key
            for name in sorted(self.keys)
            if dict(request.labels).items() <= dict(self.keys[name].key.labels).items()
        ]
        start, size = int(request.page_token or 0), request.page_size or 100
        end = start + size
        token = str(end) if end < len(matching) else ""
        return key_pb.ListKeysResponse(keys=matching[start:end], next_page_token=token)

    def UpdateKey(self, request, context):  # noqa: N802
        self._enter("UpdateKey", request, context)
        key = self._find(request.key_id, context).key
        if request.etag and request.etag != key.etag:
            _abort(context, status("ABORTED", "ETAG_MISMATCH", "The key has changed."))
        for path in request.update_mask.paths:
            key.ClearField(path)
        source = key_pb.UpdateKeyRequest()
        request.update_mask.MergeMessage(request, source)
        key.MergeFrom(
            resources.Key(
                labels=source.labels,
                owner=source.owner,
                unlock_ttl=source.unlock_ttl if source.HasField("unlock_ttl") else None,
                grace_period=source.grace_period if source.HasField("grace_period") else None,
            )
        )
        key.etag = str(int(key.etag) + 1)
        return key_pb.UpdateKeyResponse(key=key)

    def GetPublicKey(self, request, context):  # noqa: N802
        self._enter("GetPublicKey", request, context)
        version = self._find(request.key_id, context).key.versions[0]
        return key_pb.GetPublicKeyResponse(
            key_id=request.key_id,
            version=version.version,
            state=version.state,
            public_key=version.public_key,
        )

    def DisableKey(self, request, context):  # noqa: N802
        self._enter("DisableKey", request, context)
        key = self._find(request.key_id, context).key
        key.state = resources.KEY_STATE_DISABLED
        return key_pb.DisableKeyResponse(key=key)

    def EnableKey(self, request, context):  # noqa: N802
        self._enter("EnableKey", request, context)
        key = self._find(request.key_id, context).key
        key.state = resources.KEY_STATE_ENABLED
        return key_pb.EnableKeyResponse(key=key)

    # SignService --------------------------------------------------------------------------

    def Sign(self, request, context):  # noqa: N802
        self._enter("Sign", request, context)
        answer = self.sign(request)
        return answer if isinstance(answer, sign_pb.SignResponse) else _abort(context, answer)

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
        signature = getattr(request, kind).signature
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
        else:
            answer.order.signature, answer.order.signed_bytes = signature, message
        return answer

    def answer(self, item: sign_pb.SignStreamRequest) -> sign_pb.SignStreamResponse:
        response = _outcome(sign_pb.SignStreamResponse, self.sign(item.request))
        response.id = item.id
        return response

    def _enter(self, method: str, request: Any, context: grpc.ServicerContext) -> None:
        self.seen.append(Seen(method, request, context.time_remaining(), context.peer()))
        if planned := self.planned.get(method):
            _abort(context, planned.popleft())

    def _find(self, key_id: str, context: grpc.ServicerContext) -> _Stored:
        if key_id not in self.keys:
            _abort(context, status("NOT_FOUND", "KEY_NOT_FOUND", "There is no such key."))
        return self.keys[key_id]

    def _health_handler(self) -> grpc.GenericRpcHandler:
        def check(request: bytes, context: grpc.ServicerContext) -> bytes:
            service = request[2:].decode()
            if service not in self.health:
                context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
            return bytes((8, self.health[service]))

        method = grpc.unary_unary_rpc_method_handler(check)
        return grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": method})


def _outcome(kind: type[Any], answer: sign_pb.SignResponse | status_pb2.Status) -> Any:
    if isinstance(answer, status_pb2.Status):
        return kind(error=answer)
    return kind(response=answer)


def _abort(context: grpc.ServicerContext, failure: status_pb2.Status | bytes) -> Any:
    if isinstance(failure, bytes):
        details, code, text = failure, grpc.StatusCode.UNAVAILABLE, "as planned"
    else:
        details, code, text = failure.SerializeToString(), _CODES[failure.code], failure.message
    context.set_trailing_metadata((("grpc-status-details-bin", details),))
    context.abort(code, text)
