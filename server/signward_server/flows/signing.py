"""The signing path: one item from request to audited signature.

Promise 2 rests here: the bytes that are signed are those of the very ``Decoded`` whose
Intent was judged. Every failure on the way ends in a record and an error, never in a
signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from signward_server.core.errors import (
    CustodyUnavailable,
    EtagMismatch,
    Internal,
    KeyPurposeMismatch,
    PayloadUnsupported,
    SignwardError,
)
from signward_server.core.keys import CustodyKind, Key, KeyVersion
from signward_server.core.payloads import Payload
from signward_server.core.ports import (
    Audit,
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
from signward_server.core.signing import (
    Decoded,
    Signature,
    SigningContext,
    SignRequest,
    SignResult,
)
from signward_server.core.unexpected import unexpected
from signward_server.flows.access import signing_version, visible_key
from signward_server.flows.digests import request_content, signed_digest
from signward_server.flows.recording import item_entry

__all__ = ["Signing", "SigningPorts"]

_OK = "OK"
_UNREAD = "Sign"
_TRIES = 8


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


@dataclass(slots=True)
class _Item:
    """An item on its way.

    What was decoded never changes; the key's snapshot is renewed when it is judged again.

    Attributes:
        key: Snapshot of the key that it was judged by.
        version: The version that signs.
        chain: The chain of its payload.
        decoded: What is judged and what is signed.
        reservation: What it was counted as.
        settled: Whether the reservation is decided: it is not given back any more.
    """

    key: Key
    version: KeyVersion
    chain: Chain
    decoded: Decoded
    reservation: Reservation
    settled: bool = False


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
            SignwardError: Nothing was signed, or what was signed was discarded. Nothing
                else is raised, so that one item never ends its batch or stream.
        """
        item = None
        try:
            item = self._reserved(call, request)
            self._judge(call, request, item)
            return self._signed(call, request, item)
        except SignwardError as error:
            self._fail(call, request, item, error)
            raise
        except Exception as error:  # an item's last line: the other items go on
            self._fail(call, request, item, Internal())
            raise unexpected(error) from error

    def is_swift(self, key_id: str, version: int) -> bool:
        """Return whether signing with this version blocks on nothing, as far as can be seen."""
        key = self._catalogue.get(key_id)
        custody = None if key is None else self._custodies.get(key.custody)
        if key is None or custody is None:
            return False
        return custody.is_unlocked(key.id, version or key.primary_version)

    def _reserved(self, call: Call, request: SignRequest) -> _Item:
        """Decode an item and count it in, before anything is decided (S12)."""
        ports = self._ports
        key = visible_key(self._catalogue, ports.policy, call.identity, request.key)
        chain = self._chains.get(type(request.payload))
        if chain is None:
            raise PayloadUnsupported
        if key.purpose not in chain.purposes:
            raise KeyPurposeMismatch
        version = signing_version(key, request.version, request.expected_fingerprint)
        decoded = chain.decode(request.payload, key, int(ports.clock.time() * 1000))
        reservation = ports.caps.reserve(call.identity, key, decoded.intent)
        return _Item(key, version, chain, decoded, reservation)

    def _judge(self, call: Call, request: SignRequest, item: _Item) -> None:
        ports = self._ports
        identity, key, intent = call.identity, item.key, item.decoded.intent
        ports.policy.authorize(identity, intent.action, key, intent, item.reservation.totals)
        ports.limits.admit(identity, call.method, key.id, len(item.decoded.messages))
        if request.request_id:
            self._claim(call, request, item)

    def _claim(self, call: Call, request: SignRequest, item: _Item) -> None:
        """Resolve the version as the request_id's first use did, and charge it once (S33).

        A retry is free. Therefore the first use stays charged even if it fails after this.
        """
        scope = RequestScope(str(call.identity), call.method, item.key.id, request.request_id)
        content = request_content(request, item.decoded)
        claim = self._ports.requests.claim(scope, content, item.version.version)
        if claim.replayed:
            item.reservation.release()
        item.settled = True
        if claim.version != item.version.version:
            item.version = signing_version(item.key, claim.version, request.expected_fingerprint)

    def _signed(self, call: Call, request: SignRequest, item: _Item) -> SignResult:
        custody = self._custodies.get(item.key.custody)
        if custody is None:
            raise CustodyUnavailable
        decoded, version = item.decoded, item.version.version
        action, digest = decoded.intent.action, signed_digest(decoded.messages)
        if custody.leaves_process:
            self._audit.authorised(item_entry(call, request, action, version, _OK, digest))
        signatures = self._signatures(custody, call, request, item)
        if custody.leaves_process:
            self._judge_changes(call, request, item)
        result = item.chain.encode(decoded, item.version.public_key, signatures)
        receipt = self._audit.record(item_entry(call, request, action, version, _OK, digest))
        return SignResult(item.key.id, version, receipt.log, receipt.sequence, digest, result)

    def _signatures(
        self, custody: Custody, call: Call, request: SignRequest, item: _Item
    ) -> list[Signature]:
        signatures = []
        for message in item.decoded.messages:
            if self._catalogue.get(request.key) is not item.key:
                self._judge_changes(call, request, item)
            call.ensure_live()
            if custody.leaves_process:
                item.settled = True
            context = SigningContext(
                item.key, item.version, item.decoded.hash, call.identity, request.source
            )
            signatures.append(custody.sign(message, context))
        return signatures

    def _judge_changes(self, call: Call, request: SignRequest, item: _Item) -> None:
        """Judge an item by what its key has become since it was judged (S11).

        The version stays the one that was resolved: in grace it may still sign.

        Raises:
            EtagMismatch: The key changes faster than it can be judged.
        """
        policy, intent = self._ports.policy, item.decoded.intent
        for _ in range(_TRIES):
            key = visible_key(self._catalogue, policy, call.identity, request.key)
            if key is item.key:
                return
            number, fingerprint = item.version.version, request.expected_fingerprint
            item.version = signing_version(key, number, fingerprint)
            policy.authorize(call.identity, intent.action, key, intent, item.reservation.totals)
            item.key = key
        raise EtagMismatch

    def _fail(
        self, call: Call, request: SignRequest, item: _Item | None, error: SignwardError
    ) -> None:
        """Give back what was counted in, where no signature can have left, and record."""
        action, version = _UNREAD, request.version
        if item is not None:
            action, version = item.decoded.intent.action, item.version.version
            if not item.settled:
                item.reservation.release()
        self._audit.record(item_entry(call, request, action, version, error.reason))
