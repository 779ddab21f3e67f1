"""One item on the signing path, from request to audited signature, in three steps.

Promise 2 rests here: the bytes that are signed are those of the very ``Decoded`` whose
Intent was judged. Every failure on the way ends in a record and an error, never in a
signature.
"""

from __future__ import annotations

from collections.abc import Callable

from signward_server.core.errors import CustodyUnavailable, SignwardError
from signward_server.core.method_classes import MethodClass
from signward_server.core.ports import AuditEntry, Call, Custody, RequestScope, Reservation
from signward_server.core.signing import Signature, SigningContext, SignRequest, SignResult
from signward_server.core.unexpected import unexpected
from signward_server.flows.access import SeenKeys
from signward_server.flows.counting import count_failure
from signward_server.flows.digests import request_content, signed_digest
from signward_server.flows.judging import Judging
from signward_server.flows.recording import item_entry
from signward_server.flows.signing_ports import SigningPorts

__all__ = ["Item"]

_OK = "OK"
_UNREAD = "Sign"


class Item:
    """An item on its way: ``attempt`` its steps in order, then ask for its ``outcome``.

    Args:
        ports: The other parts.
        call: The call that carries it.
        request: What is asked for.
        seen: See ``Judging``.
    """

    __slots__ = (
        "_call",
        "_counted",
        "_digest",
        "_error",
        "_is_read",
        "_judging",
        "_left",
        "_ports",
        "_request",
        "_reservation",
        "_result",
        "_settled",
        "_signatures",
    )

    def __init__(
        self,
        ports: SigningPorts,
        call: Call,
        request: SignRequest,
        seen: SeenKeys | None = None,
    ) -> None:
        self._ports = ports
        self._call = call
        self._request = request
        self._judging = Judging(ports, call, request, seen)
        self._error: SignwardError | None = None
        self._reservation: Reservation | None = None
        self._is_read = False
        self._counted = False  # whether the limits have been asked
        self._settled = False  # whether the reservation is not given back any more
        self._left = False  # whether it was signed outside of this process

    def attempt(self, step: Callable[[Item], None]) -> None:
        """Take a step, unless an earlier one failed."""
        if self._error is not None:
            return
        try:
            step(self)
        except SignwardError as error:
            self._drop(error.with_traceback(None))
        except Exception as error:  # noqa: BLE001  # an item's last line: the others go on
            self._drop(unexpected(error))

    def admit(self) -> None:
        """Decode, count in before anything is decided (S12), judge."""
        ports, judging, identity = self._ports, self._judging, self._call.identity
        decoded = judging.read()
        self._is_read = True
        key = judging.key
        self._reservation = reservation = ports.caps.reserve(identity, key, decoded.intent)
        judging.judge(reservation.totals)
        self._counted = True
        ports.limits.admit(identity, MethodClass.SIGN, key.id, len(decoded.messages))
        if self._request.request_id:
            self._claim(reservation)

    def sign(self) -> None:
        """Make the signatures."""
        custody = self._ports.custodies.get(self._judging.key.custody)
        if custody is None:
            raise CustodyUnavailable
        messages = self._judging.decoded.messages
        self._digest: bytes = signed_digest(messages)
        if custody.leaves_process:
            self._ports.audit.authorised(self._entry(_OK, self._digest))
        self._signatures: list[Signature] = []
        for message in messages:
            self._signatures.append(self._sign(custody, message))

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

    def _claim(self, reservation: Reservation) -> None:
        """Resolve the version as the request_id's first use did, and charge it once (S33).

        A retry is free. Therefore the first use stays charged even if it fails after this.
        """
        call, request, judging = self._call, self._request, self._judging
        number = judging.version.version
        call.ensure_live()  # what is not signed any more uses up no request_id
        scope = RequestScope(str(call.identity), call.method, judging.key.id, request.request_id)
        content = request_content(request, judging.decoded)
        claim = self._ports.requests.claim(scope, content, number)
        if claim.replayed:
            reservation.release()
        self._settled = True
        if claim.version != number:
            judging.choose(claim.version)

    def _sign(self, custody: Custody, message: bytes) -> Signature:
        judging = self._judging
        if judging.is_outdated():
            judging.renew()
        self._call.ensure_live()
        if custody.leaves_process:
            self._left = self._settled = True
        context = SigningContext(
            judging.key,
            judging.version,
            judging.decoded.hash,
            self._call.identity,
            self._request.source,
        )
        signature = custody.sign(message, context)
        if judging.is_outdated():
            # The change may have come before the key was opened: what that left open goes.
            custody.forget(judging.key.id)
            judging.renew()
        return signature

    def _answer(self) -> None:
        judging, digest = self._judging, self._digest
        if self._left:
            judging.renew()
        version = judging.version
        result = judging.chain.encode(judging.decoded, version.public_key, self._signatures)
        receipt = self._ports.audit.record(self._entry(_OK, digest))
        self._result: SignResult = SignResult(
            judging.key.id, version.version, receipt.log, receipt.sequence, digest, result
        )

    def _drop(self, error: SignwardError) -> None:
        """Remember why it failed; give back what was counted where nothing can have left.

        What fails before the limits were asked counts as well, without its key: a flood of
        items that are refused is a flood.
        """
        if self._reservation is not None and not self._settled:
            self._reservation.release()
        if not self._counted:
            error = count_failure(self._ports.limits, self._call.identity, error)
        self._error = error

    def _entry(self, outcome: str, digest: bytes = b"") -> AuditEntry:
        call, request, judging = self._call, self._request, self._judging
        if not self._is_read:
            return item_entry(call, request, _UNREAD, request.version, outcome)
        action, version = judging.decoded.intent.action, judging.version.version
        return item_entry(call, request, action, version, outcome, digest)
