"""One item on the signing path, from request to audited signature, in three steps.

Promise 2 rests here: the bytes that are signed are those of the very ``Decoded`` whose
Intent was judged. Every failure on the way ends in a record and an error, never in a
signature.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Sequence

from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import (
    AuditUnavailable,
    CustodyUnavailable,
    PolicyDenied,
    SignwardError,
    SpendLimit,
)
from signward_server.core.method_classes import MethodClass
from signward_server.core.payloads import Hash
from signward_server.core.ports import (
    AuditEntry,
    AuditReceipt,
    Call,
    Custody,
    Reservation,
)
from signward_server.core.signing import Signature, SigningContext, SignRequest, SignResult
from signward_server.core.unexpected import unexpected
from signward_server.flows.commitment import Commitment
from signward_server.flows.counting import count_failure
from signward_server.flows.digests import signed_digest
from signward_server.flows.judging import Judging
from signward_server.flows.recording import OK
from signward_server.flows.signature_entries import judged_entry, unread_entry
from signward_server.flows.signing_ports import SigningPorts

__all__ = ["Item", "Pen"]

Pen = tuple[int, int, Hash]
"""Which snapshot of a key, which version of it, and what is done to messages first."""


class Item:
    """An item on its way: ``attempt`` its steps in order, then record and ``conclude``.

    What failed at any step is ``refuse``d instead.

    Args:
        ports: The other parts.
        call: The call that carries it.
        request: What is asked for.

    Attributes:
        pen: What it is to be signed with, equal for items that share it; ``None`` while it
            is not ``prepare``d, or signs alone.
    """

    __slots__ = (
        "_answer",
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
        "_settled",
        "_signatures",
        "_started",
        "pen",
    )

    def __init__(self, ports: SigningPorts, call: Call, request: SignRequest) -> None:
        self._ports = ports
        self._call = call
        self._request = request
        self._judging = Judging(ports, call, request)
        self._error: SignwardError | None = None
        self._reservation: Reservation | None = None
        self._signatures: list[Signature] = []
        self.pen: Pen | None = None
        self._is_read = False
        self._counted = False  # whether the limits have been asked
        self._digest = b""
        self._started = ports.clock.monotonic()
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
            self._drop(unexpected(error, self._call.trace_id))

    def admit(self) -> None:
        """Decode, count in before anything is decided (S12), judge, and take what it needs.

        What caps count is judged alone first: what is denied whatever was spent does not fill
        the windows of others until it is given back, nor the store with windows of its own.
        Nothing is taken for good before it is allowed (S31). A retry takes nothing and is not
        charged (S33); therefore the first use of a request_id stays charged even if it fails
        after this.
        """
        ports, judging, identity = self._ports, self._judging, self._call.identity
        decoded = judging.read()
        self._is_read = True
        commitment = None
        if self._request.request_id or decoded.draft is not None or judging.is_restricted:
            commitment = Commitment(ports, self._call, self._request, judging)
            commitment.look()
        key, caps = judging.key, ports.caps
        if caps.actions and not caps.actions.isdisjoint(each.action for each in decoded.intents):
            self._judge(caps.alone(decoded), commitment)
        self._reservation = reservation = caps.reserve(identity, key, judging.version, decoded)
        self._judge(reservation, commitment)
        self._counted = True
        ports.limits.admit(identity, MethodClass.SIGN, key.id, len(decoded.messages) or 1)
        if decoded.grants:
            judging.ensure_grants()
        if commitment is not None:
            try:
                if commitment.claim():
                    reservation.release()
            finally:
                self._settled = commitment.is_taken
            commitment.complete()

    def sign(self) -> None:
        """Make the signatures, each judged right before and right after."""
        custody = self._custody()
        self._digest = signed_digest(self._judging.decoded.messages)
        if custody.leaves_process:
            self._judging.keep()
            entry = dataclasses.replace(self._entry(OK), event=AuditEvent.AUTHORISED)
            self._ports.audit.authorised(entry)
        self._signatures = []
        while not self._signs(custody):
            self._signatures = []  # a rotation came between: the primary version signs anew

    def prepare(self) -> None:
        """Do all of ``sign`` that comes before the signature, if others can share it.

        It has a ``pen`` then, and whoever signs with that calls ``take`` and ``check``.
        """
        custody, messages = self._custody(), self._judging.decoded.messages
        if custody.leaves_process or len(messages) != 1:
            return
        self._digest = signed_digest(messages)
        self._confirm()
        judging = self._judging
        self.pen = id(judging.key), judging.version.version, judging.decoded.hash

    def sign_with(self, others: Sequence[Item]) -> Sequence[Signature]:
        """Sign the messages of items with the pen of this one; raises as ``Custody.sign``."""
        messages = [other._judging.decoded.messages[0] for other in others]  # noqa: SLF001  # of this class
        return self._custody().sign_many(messages, self._context())

    def take(self, signature: Signature) -> None:
        """Have a signature that was made with its pen."""
        self._signatures = [signature]

    def check(self) -> None:
        """Judge again after a signature if anything has changed (S11).

        One that the primary version was to make is made again if another one is that by now.
        """
        if not self._is_by(self._judging.version.version):
            self.sign()

    def finish(self) -> None:
        """Put the answer into its form."""
        judging = self._judging
        if self._left:
            judging.renew()
            self._ports.lease.ensure_held()
        if judging.decoded.grants:
            self._ports.agents.granted(judging.key, judging.version, judging.decoded)
        self._answer = judging.chain.encode(
            judging.decoded, judging.version.public_key, self._signatures
        )

    def entry(self) -> AuditEntry | None:
        """Return what is to be recorded before the answer leaves; ``None`` if it failed."""
        return None if self._error is not None else self._entry(OK)

    def fail(self, error: SignwardError) -> None:
        """Give up the answer: it cannot be recorded."""
        self._drop(error)

    def conclude(self, entry: AuditEntry, receipt: AuditReceipt) -> SignResult:
        """Return the answer, now that its entry is recorded."""
        self._call.concluded(entry, receipt)
        judging = self._judging
        return SignResult(
            judging.key.id,
            judging.version.version,
            receipt.log,
            receipt.sequence,
            self._digest,
            self._answer,
        )

    def refuse(self) -> SignwardError:
        """Return the error, after it is recorded; for once."""
        error, self._error = self._error, None  # its traceback holds this frame
        if error is None:
            raise AssertionError("it has not failed")
        entry = self._entry(error.reason, error)
        self._call.concluded(entry, self._recorded(entry))
        return error

    def _judge(self, reservation: Reservation, commitment: Commitment | None) -> None:
        try:
            self._judging.judge(reservation)
        except (PolicyDenied, SpendLimit):
            if not reservation.totals or commitment is None or not commitment.is_retry():
                raise
            self._judging.judge(reservation, retry=True)

    def _recorded(self, entry: AuditEntry) -> AuditReceipt | None:
        """Record a failure: by itself where something has left (S35), else as there is room."""
        audit = self._ports.audit
        if self._left:
            with contextlib.suppress(AuditUnavailable):  # that it was to leave is recorded
                return audit.record(entry)
        audit.failed(entry)
        return None

    def _custody(self) -> Custody:
        custody = self._ports.custodies.get(self._judging.key.custody)
        if custody is None:
            raise CustodyUnavailable
        return custody

    def _signs(self, custody: Custody) -> bool:
        """Make the signatures; return whether they are by the version that is to sign now."""
        number = 0
        for message in self._judging.decoded.messages:
            self._confirm()
            number = number or self._judging.version.version
            if custody.leaves_process:
                self._left = self._settled = True
            self._signatures.append(custody.sign(message, self._context()))
            if not self._is_by(number):
                return False
        return True

    def _is_by(self, number: int) -> bool:
        """Judge again if anything has changed; return whether this version is still to sign.

        The lease is asked first: what a process that was stopped meanwhile has signed is
        either after its lease, or what is known by the next one refuses it (S34). That goes
        for callers whose API key was revoked as well.
        """
        judging = self._judging
        self._ports.lease.ensure_held()
        if judging.is_outdated():
            # The change may have come before the key was opened: what that left open goes.
            self._custody().forget(judging.key.id)
            judging.renew()
        self._call.ensure_live()
        return judging.version.version == number

    def _confirm(self) -> None:
        """Return while it may still be signed."""
        judging = self._judging
        if judging.is_outdated():
            judging.renew()
        self._ports.lease.ensure_held()  # S34
        self._call.ensure_live()

    def _context(self) -> SigningContext:
        judging = self._judging
        return SigningContext(
            judging.key,
            judging.version,
            judging.decoded.hash,
            self._call.identity,
            self._request.source,
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

    def _entry(self, outcome: str, error: SignwardError | None = None) -> AuditEntry:
        call, request, started = self._call, self._request, self._started
        if not self._is_read:
            return unread_entry(call, request, outcome, started)
        digest = self._digest if error is None or self._left else b""
        return judged_entry(call, request, self._judging, outcome, digest, started, error)
