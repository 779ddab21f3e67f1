"""What an item takes for good before it is signed: a nonce, its request_id, an approval."""

from __future__ import annotations

from signward_server.core.errors import StoreUnavailable
from signward_server.core.ports import Call, Claim, RequestScope
from signward_server.core.signing import SignRequest
from signward_server.flows.digests import approval_digest, approval_use, request_content
from signward_server.flows.judging import Judging
from signward_server.flows.signing_ports import SigningPorts

__all__ = ["Commitment"]


class Commitment:
    """Takes them in three steps: ``look`` before it is judged, then ``claim`` and ``complete``.

    What was taken by an item that fails later is gone, but for what belongs to its request_id:
    a retry gets the nonce and the approval of the first use, and whoever has approved is not
    asked twice (S15, S33). An answer with a nonce is therefore the same to the last byte.

    Args:
        ports: The other parts.
        call: The call that carries the item.
        request: What is asked for.
        judging: Judges it; has read the payload.

    Attributes:
        is_taken: Whether the request_id is taken, or may be: then a retry is free, and what was
            counted stays counted.
    """

    __slots__ = (
        "_call",
        "_claim",
        "_content",
        "_digest",
        "_is_used",
        "_judging",
        "_nonce",
        "_ports",
        "_request",
        "_scope",
        "is_taken",
    )

    def __init__(
        self, ports: SigningPorts, call: Call, request: SignRequest, judging: Judging
    ) -> None:
        self._ports = ports
        self._call = call
        self._request = request
        self._judging = judging
        self._claim: Claim | None = None
        self._scope: RequestScope | None = None
        self._digest = b""
        self._is_used = False  # whether the approval was, by an earlier use of the request_id
        self._nonce = 0
        self.is_taken = False
        if request.request_id:
            self._scope = RequestScope(
                str(call.identity), call.method, judging.key.id, request.request_id
            )
            self._content = request_content(request, judging.decoded)

    def look(self) -> None:
        """Find what an earlier use of the request_id has taken, and who has approved the action.

        Raises:
            RequestIdReused: The request_id was used with other content.
            StoreUnavailable: The store cannot be read now.
        """
        judging = self._judging
        draft = judging.decoded.draft
        if self._scope and (judging.is_restricted or (draft is not None and draft.nonce)):
            self._claim = self._ports.requests.find(self._scope, self._content)
        if judging.is_restricted:
            self._find_approval()

    def is_retry(self) -> bool:
        """Return whether the request_id was used before, for the same.

        Raises:
            RequestIdReused: It was used with other content.
            StoreUnavailable: The store cannot be read now.
        """
        if self._scope is not None and self._claim is None:
            self._claim = self._ports.requests.find(self._scope, self._content)
        return self._claim is not None

    def claim(self) -> bool:
        """Take a nonce, where it needs one, and the request_id, where it has one.

        Returns:
            Whether this is a retry, which is free.

        Raises:
            NonceOutOfWindow, RateLimited, ClockUntrusted: See ``ports.Nonces``.
            RequestIdReused, RequestIdQuota: See ``ports.RequestLedger``.
            StoreUnavailable: The store cannot be written now.
        """
        self._call.ensure_live()  # what is not signed any more uses up nothing
        judging = self._judging
        claim, draft = self._claim, judging.decoded.draft
        if draft is not None and claim is None:
            signer = judging.version.public_key.fingerprint
            self._nonce = self._request.nonce or self._ports.nonces.take(signer, draft.nonce)
        if self._scope is not None and claim is None:
            claim = self._taken(self._scope)
        if claim is None:
            return bool(self._request.nonce)
        self.is_taken = True
        self._claim, self._nonce = claim, claim.nonce
        return claim.replayed or bool(self._request.nonce)

    def complete(self) -> None:
        """Use up the approval, and give the payload its nonce.

        From here on the version stays the one that was judged: the nonce and the request_id
        belong to it.

        Raises:
            PolicyDenied: Somebody else has just used the approval; or whatever ``judge`` raises
                about the version of the request_id's first use.
            AuditUnavailable: It could not be recorded, so that no approval is used up for it.
            StoreUnavailable: The store cannot be written now, or does not say the nonce.
        """
        judging, claim = self._judging, self._claim
        draft = judging.decoded.draft
        if claim is not None or draft is not None:
            judging.keep()
        if claim is not None and claim.version != judging.version.version:
            judging.choose(claim.version)
            judging.ensure_grants()
        if judging.approval is not None and not self._is_used:
            self._use_approval()
        if draft is not None:
            if not self._nonce:
                raise StoreUnavailable
            judging.decoded = draft.numbered(self._nonce, judging.version.public_key)

    def _taken(self, scope: RequestScope) -> Claim:
        try:
            return self._ports.requests.claim(
                scope, self._content, self._judging.version.version, self._nonce
            )
        except StoreUnavailable:
            self.is_taken = True  # nobody knows whether it was written before that
            raise

    def _find_approval(self) -> None:
        judging, approvals = self._judging, self._ports.approvals
        asker = str(self._call.identity)
        digest = self._digest = approval_digest(judging.key.id, judging.decoded)
        approval = None
        if self._scope is not None and self._claim is not None:
            use = approval_use(digest, self._scope, self._claim)
            approval = approvals.used_for(use, asker)
        self._is_used = approval is not None
        judging.needs_approval(digest, approval or approvals.find(digest, asker))

    def _use_approval(self) -> None:
        judging = self._judging
        approval, use = judging.approval, b""
        if approval is None:
            raise AssertionError("there is one")
        if self._scope is not None and self._claim is not None:
            use = approval_use(self._digest, self._scope, self._claim)
        self._ports.audit.ensure_available()
        if not self._ports.approvals.use(approval, use):
            judging.needs_approval(self._digest, None)
            judging.judge_again()  # it may be allowed without
