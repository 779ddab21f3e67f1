"""What the fake daemon's services share: keys, planned failures, and what they were asked."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass
from typing import Any

import grpc
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.rpc import status_pb2
from signward.v1 import resources_pb2 as resources

from tests.fakes.statuses import status

__all__ = ["FakeState", "Seen", "abort", "fake_public_key"]

_CODES = {code.value[0]: code for code in grpc.StatusCode}


@dataclass(frozen=True, slots=True)
class Seen:
    """One call as the daemon saw it.

    ``authorization`` has the values of that metadata, ``caller`` the common name of the
    certificate, empty if there is none.
    """

    method: str
    request: Any
    time_remaining: float | None
    peer: str
    authorization: tuple[str, ...]
    caller: str


@dataclass(slots=True)
class _Stored:
    private: Ed25519PrivateKey
    key: resources.Key


def fake_public_key(private: Ed25519PrivateKey | None = None) -> resources.PublicKey:
    """Return a public key, a new one unless a private half is given."""
    public = (private or Ed25519PrivateKey.generate()).public_key()
    encoding, public_format = serialization.Encoding, serialization.PublicFormat
    der = public.public_bytes(encoding.DER, public_format.SubjectPublicKeyInfo)
    return resources.PublicKey(
        algorithm=resources.ALGORITHM_ED25519,
        raw=public.public_bytes(encoding.Raw, public_format.Raw),
        spki_der=der,
        pem=public.public_bytes(encoding.PEM, public_format.SubjectPublicKeyInfo).decode(),
        fingerprint=hashlib.sha256(der).digest(),
    )


class FakeState:
    """Holds Ed25519 keys in memory, and a journal of calls."""

    def __init__(self) -> None:
        self.keys: dict[str, _Stored] = {}
        self.seen: list[Seen] = []
        self.planned: dict[str, deque[status_pb2.Status | bytes]] = {}

    def plan(self, method: str, *failures: status_pb2.Status | bytes) -> None:
        """Let the next calls of a method fail so; bytes are sent as they are, as UNAVAILABLE."""
        self.planned.setdefault(method, deque()).extend(failures)

    def calls(self, method: str) -> list[Any]:
        return [seen.request for seen in self.seen if seen.method == method]

    def add_key(self, key_id: str, **fields: Any) -> resources.Key:
        private = Ed25519PrivateKey.generate()
        key = resources.Key(
            id=key_id,
            algorithm=resources.ALGORITHM_ED25519,
            custody=resources.CUSTODY_ENVELOPE,
            state=resources.KEY_STATE_ENABLED,
            freeze=resources.FREEZE_NONE,
            primary_version=1,
            etag="1",
            versions=[
                resources.KeyVersion(
                    version=1,
                    state=resources.KEY_VERSION_STATE_PRIMARY,
                    public_key=fake_public_key(private),
                )
            ],
            **fields,
        )
        self.keys[key_id] = _Stored(private, key)
        return key

    def _enter(self, method: str, request: Any, context: grpc.ServicerContext) -> None:
        metadata = context.invocation_metadata()
        authorization = tuple(entry.value for entry in metadata if entry.key == "authorization")
        [caller] = context.auth_context().get("x509_common_name", [b""])
        remaining, peer = context.time_remaining(), context.peer()
        self.seen.append(Seen(method, request, remaining, peer, authorization, caller.decode()))
        if planned := self.planned.get(method):
            abort(context, planned.popleft())

    def _find(self, key_id: str, context: grpc.ServicerContext) -> _Stored:
        if key_id not in self.keys:
            abort(context, status("NOT_FOUND", "KEY_NOT_FOUND", "There is no such key."))
        return self.keys[key_id]


def abort(context: grpc.ServicerContext, failure: status_pb2.Status | bytes) -> Any:
    if isinstance(failure, bytes):
        details, code, text = failure, grpc.StatusCode.UNAVAILABLE, "as planned"
    else:
        details, code, text = failure.SerializeToString(), _CODES[failure.code], failure.message
    context.set_trailing_metadata((("grpc-status-details-bin", details),))
    context.abort(code, text)
