"""One item on the signing path, from request to audited signature, in three steps.

Promise 2 rests here: the bytes that are signed are those of the very ``Decoded`` whose
Intent was judged. Every failure on the way ends in a record and an error, never in a
signature.
"""

from __future__ import annotations

from collections.abc import Callable

from signward_server.core.errors import (
    CustodyUnavailable,
    EtagMismatch,
    KeyFrozen,
    KeyPurposeMismatch,
    PayloadUnsupported,
    SignwardError,
)
from signward_server.core.keys import Freeze, Key, KeyVersion
from signward_server.core.method_classes import MethodClass
from signward_server.core.ports import AuditEntry, Call, Chain, Custody, RequestScope, Reservation
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
from signward_server.flows.signing_ports import SigningPorts

__all__ = ["Item"]

_OK = "OK"
_UNREAD = "Sign"
_TRIES = 8


class Item:
    """An item on its way: ``attempt`` its steps in order, then ask for its ``outcome``.

    Args:
        ports: The other parts.
        call: The call that carries it.
        request: What is asked for.
    """

    __slots__ = (
        "_call",
        "_chain",
        "_counted",
        "_decoded",
        "_digest",
        "_error",
        "_generation",
        "_key",
        "_ports",
        "_request",
        "_reservation",
        "_result",
        "_settled",
        "_signatures",
        "_version",
    )

    def __init__(self, ports: SigningPorts, call: Call, request: SignRequest) -> None:
        self._ports = ports
        self._call = call
        self._request = request
        self._error: SignwardError | None = None
        self._reservation: Reservation | None = None  # set when everything is decoded
        self._counted = False  # whether the limits have been asked
        self._settled = False  # whether the reservation is not given back any more

    def attempt(self, step: Callable[[Item], None]) -> None:
        """Take a step, unless an earlier one failed."""
        if self._error is not None:
            return
        try:
            step(self)
        except SignwardError as error:
            self._drop(error)
        except Exception as error:  # noqa: BLE001  # an item's last line: the others go on
            self._drop(unexpected(error))

    def admit(self) -> None:
        """Decode, count in before anything is decided (S12), judge."""
        ports, call, request = self._ports, self._call, self._request
        self._generation: object = ports.policy.generation
        key = visible_key(ports.catalogue, ports.policy, call, request.key)
        chain = ports.chains.get(type(request.payload))
        if chain is None:
            raise PayloadUnsupported
        if key.purpose not in chain.purposes:
            raise KeyPurposeMismatch
        self._version: KeyVersion = signing_version(
            key, request.version, request.expected_fingerprint
        )
        decoded = chain.decode(request.payload, key, int(ports.clock.time() * 1000))
        self._key: Key = key
        self._chain: Chain = chain
        self._decoded: Decoded = decoded
        intent = decoded.intent
        self._reservation = reservation = ports.caps.reserve(call.identity, key, intent)
        self._authorize(key, reservation)
        self._counted = True
        ports.limits.admit(call.identity, MethodClass.SIGN, key.id, len(decoded.messages))
        if request.request_id:
            self._claim(reservation)

    def sign(self) -> None:
        """Make the signatures."""
        custody = self._ports.custodies.get(self._key.custody)
        if custody is None:
            raise CustodyUnavailable
        messages = self._decoded.messages
        self._digest: bytes = signed_digest(messages)
        if custody.leaves_process:
            self._ports.audit.authorised(self._entry(_OK, self._digest))
        self._signatures: list[Signature] = [self._sign(custody, m) for m in messages]
        if custody.leaves_process:
            self._judge_changes()

    def outcome(self) -> SignResult | SignwardError:
        """Return the answer or the error, after it is recorded; for once, after all steps."""
        self.attempt(Item._answer)
        error, self._error = self._error, None  # its traceback holds this frame
        if error is None:
            return self._result
        try:
            self._ports.audit.record(self._entry(error.reason))
        except SignwardError as unrecorded:
            return unrecorded.with_traceback(None)
        return error

    def _answer(self) -> None:
        decoded, version, digest = self._decoded, self._version, self._digest
        result = self._chain.encode(decoded, version.public_key, self._signatures)
        receipt = self._ports.audit.record(self._entry(_OK, digest))
        self._result: SignResult = SignResult(
            self._key.id, version.version, receipt.log, receipt.sequence, digest, result
        )

    def _claim(self, reservation: Reservation) -> None:
        """Resolve the version as the request_id's first use did, and charge it once (S33).

        A retry is free. Therefore the first use stays charged even if it fails after this.
        """
        call, request, number = self._call, self._request, self._version.version
        call.ensure_live()  # what is not signed any more uses up no request_id
        scope = RequestScope(str(call.identity), call.method, self._key.id, request.request_id)
        content = request_content(request, self._decoded)
        claim = self._ports.requests.claim(scope, content, number)
        if claim.replayed:
            reservation.release()
        self._settled = True
        if claim.version != number:
            fingerprint = request.expected_fingerprint
            self._version = signing_version(self._key, claim.version, fingerprint)

    def _sign(self, custody: Custody, message: bytes) -> Signature:
        call, request = self._call, self._request
        if self._is_outdated():
            self._judge_changes()
        call.ensure_live()
        if custody.leaves_process:
            self._settled = True
        context = SigningContext(
            self._key, self._version, self._decoded.hash, call.identity, request.source
        )
        signature = custody.sign(message, context)
        if self._is_outdated():
            # The change may have come before the key was opened: what that left open goes.
            custody.forget(self._key.id)
            self._judge_changes()
        return signature

    def _judge_changes(self) -> None:
        """Judge the item by what key and policies have become since it was judged (S11).

        The version stays the one that was resolved: in grace it may still sign.

        Raises:
            EtagMismatch: They change faster than it can be judged.
        """
        ports, request = self._ports, self._request
        for _ in range(_TRIES):
            if not self._is_outdated():
                return
            generation = ports.policy.generation
            key = visible_key(ports.catalogue, ports.policy, self._call, request.key)
            number, fingerprint = self._version.version, request.expected_fingerprint
            self._version = signing_version(key, number, fingerprint)
            self._authorize(key, self._reservation)
            self._key, self._generation = key, generation
        raise EtagMismatch

    def _is_outdated(self) -> bool:
        """Return whether the key or the policies are others than those that it was judged by."""
        ports = self._ports
        return (
            ports.catalogue.get(self._request.key) is not self._key
            or ports.policy.generation is not self._generation
        )

    def _authorize(self, key: Key, reservation: Reservation | None) -> None:
        """Return if this caller may sign this Intent with this key as it is."""
        ports, intent = self._ports, self._decoded.intent
        if key.freeze is Freeze.CANCEL_ONLY and intent.action not in ports.cancelling:
            raise KeyFrozen
        totals = None if reservation is None else reservation.totals
        ports.policy.authorize(self._call, intent.action, key, self._version, intent, totals)

    def _drop(self, error: SignwardError) -> None:
        """Remember why it failed; give back what was counted where nothing can have left.

        What fails before the limits were asked counts as well, without its key: a flood of
        items that are refused is a flood.
        """
        self._error = error.with_traceback(None)
        if not self._counted:
            self._count_failure()
        if self._reservation is not None and not self._settled:
            self._reservation.release()

    def _count_failure(self) -> None:
        self._counted = True
        try:
            self._ports.limits.admit(self._call.identity, MethodClass.SIGN)
        except SignwardError as refused:
            self._error = refused.with_traceback(None)

    def _entry(self, outcome: str, digest: bytes = b"") -> AuditEntry:
        if self._reservation is None:
            return item_entry(self._call, self._request, _UNREAD, self._request.version, outcome)
        action, version = self._decoded.intent.action, self._version.version
        return item_entry(self._call, self._request, action, version, outcome, digest)
