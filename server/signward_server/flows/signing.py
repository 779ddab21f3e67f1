"""The signing path: one item from request to audited signature.

Promise 2 rests here: the bytes that are signed are those of the very ``Decoded`` whose
Intent was judged. Every failure on the way ends in a record and an error, never in a
signature.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from signward_server.core.errors import (
    CustodyUnavailable,
    KeyPurposeMismatch,
    PayloadUnsupported,
    SignwardError,
)
from signward_server.core.keys import CustodyKind, Key, KeyVersion
from signward_server.core.payloads import Payload
from signward_server.core.ports import (
    Audit,
    AuditEntry,
    Call,
    Caps,
    Catalogue,
    Chain,
    Clock,
    Custody,
    Limits,
    Policy,
    RequestLedger,
    RequestScope,
    Reservation,
)
from signward_server.core.signing import Decoded, SigningContext, SignRequest, SignResult
from signward_server.core.value import value
from signward_server.flows.access import signing_version, visible_key

__all__ = ["Signing", "SigningPorts"]

_OK = "OK"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningPorts:
    """Everything that the signing path needs from the other parts."""

    catalogue: Catalogue
    chains: Mapping[type[Payload], Chain]
    custodies: Mapping[CustodyKind, Custody]
    policy: Policy
    caps: Caps
    limits: Limits
    audit: Audit
    requests: RequestLedger
    clock: Clock


@value
class _Admitted:
    """An item that every check has let through."""

    key: Key
    version: KeyVersion
    chain: Chain
    decoded: Decoded
    reservation: Reservation


class Signing:
    """Signs one item at a time; batches and streams call it once for each of theirs."""

    def __init__(self, ports: SigningPorts) -> None:
        self._ports = ports
        self._catalogue = ports.catalogue
        self._chains = ports.chains
        self._custodies = ports.custodies
        self._audit = ports.audit

    def sign(self, call: Call, request: SignRequest) -> SignResult:
        """Sign one item.

        Raises:
            SignwardError: Nothing was signed, or what was signed was discarded.
        """
        try:
            admitted = self._admit(call, request)
            while self._catalogue.get(request.key) is not admitted.key:
                # The key changed after it was judged (S11): judge what it is now.
                admitted.reservation.release()
                admitted = self._admit(call, request)
            return self._sign(call, request, admitted)
        except SignwardError as error:
            self._audit.record(_entry(call, request, "Sign", request.version, error.reason))
            raise

    def _admit(self, call: Call, request: SignRequest) -> _Admitted:
        ports = self._ports
        identity = call.identity
        key = visible_key(self._catalogue, ports.policy, identity, request.key)
        chain = self._chains.get(type(request.payload))
        if chain is None:
            raise PayloadUnsupported
        if key.purpose not in chain.purposes:
            raise KeyPurposeMismatch
        version = signing_version(key, request.version, request.expected_fingerprint)
        now_ms = int(ports.clock.time() * 1000)
        decoded = chain.decode(request.payload, key, now_ms)
        reservation = ports.caps.reserve(identity, key, decoded.intent)
        try:
            ports.policy.authorize(
                identity, decoded.intent.action, key, decoded.intent, reservation.totals
            )
            ports.limits.admit(identity, call.method, key.id, len(decoded.messages))
            if request.request_id:
                version = self._first_version(call, request, key, version, decoded, reservation)
        except SignwardError:
            reservation.release()
            raise
        return _Admitted(key, version, chain, decoded, reservation)

    def _first_version(
        self,
        call: Call,
        request: SignRequest,
        key: Key,
        version: KeyVersion,
        decoded: Decoded,
        reservation: Reservation,
    ) -> KeyVersion:
        """Resolve the version as the request_id's first use did (S33)."""
        scope = RequestScope(str(call.identity), call.method, key.id, request.request_id)
        claim = self._ports.requests.claim(scope, _content(request, decoded), version.version)
        if claim.replayed:
            reservation.release()
        if claim.version == version.version:
            return version
        return signing_version(key, claim.version, request.expected_fingerprint)

    def _sign(self, call: Call, request: SignRequest, admitted: _Admitted) -> SignResult:
        custody = self._custodies.get(admitted.key.custody)
        if custody is None:
            admitted.reservation.release()
            raise CustodyUnavailable
        try:
            return self._sign_in(custody, call, request, admitted)
        except SignwardError:
            if not custody.leaves_process:
                admitted.reservation.release()
            raise

    def _sign_in(
        self, custody: Custody, call: Call, request: SignRequest, admitted: _Admitted
    ) -> SignResult:
        key, version, decoded = admitted.key, admitted.version, admitted.decoded
        action, digest = decoded.intent.action, _digest(decoded.messages)
        if custody.leaves_process:
            self._audit.authorised(_entry(call, request, action, version.version, _OK, digest))
        context = SigningContext(key, version, decoded.hash, call.identity, request.source)
        call.ensure_live()
        signatures = [custody.sign(message, context) for message in decoded.messages]
        result = admitted.chain.encode(decoded, version.public_key, signatures)
        receipt = self._audit.record(_entry(call, request, action, version.version, _OK, digest))
        return SignResult(key.id, version.version, receipt.log, receipt.sequence, digest, result)


def _digest(messages: tuple[bytes, ...]) -> bytes:
    """SHA-256 of the signed bytes; of their concatenation where there are several."""
    if len(messages) == 1:
        return hashlib.sha256(messages[0]).digest()
    return hashlib.sha256(b"".join(messages)).digest()


def _content(request: SignRequest, decoded: Decoded) -> bytes:
    """SHA-256 of everything that the answer depends on, each part with its length."""
    digest = hashlib.sha256()
    head = f"{decoded.intent.action}\0{request.version}\0{decoded.hash.name}"
    for part in (head.encode(), request.expected_fingerprint, *decoded.messages):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


def _entry(
    call: Call,
    request: SignRequest,
    action: str,
    version: int,
    outcome: str,
    signed_digest: bytes = b"",
) -> AuditEntry:
    return AuditEntry(
        call.identity,
        call.method,
        action,
        request.key,
        version,
        outcome,
        signed_digest,
        request.request_id,
        call,
    )
