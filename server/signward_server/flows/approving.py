"""Approving single signatures of others (S15)."""

from __future__ import annotations

from datetime import datetime

from signward_server.core.errors import AuditUnavailable
from signward_server.core.ports import Approval, Approvals, Audit, Call, Policy
from signward_server.flows.recording import Recorded

__all__ = ["APPROVE_REQUEST", "Approving"]

APPROVE_REQUEST = "ApproveRequest"


class Approving:
    """Gives approvals. Whoever gives one cannot use it.

    Args:
        approvals: Those that were given.
        policy: Who may.
        audit: The log; notes name what was approved by its digest.
    """

    def __init__(self, *, approvals: Approvals, policy: Policy, audit: Audit) -> None:
        self._approvals = approvals
        self._policy = policy
        self._audit = audit

    def approve(self, call: Call, digest: bytes, expire_time: datetime, reason: str) -> Approval:
        """Approve one action on one key, for one signature.

        Args:
            call: Who approves.
            digest: What exactly, 32 bytes.
            expire_time: When the approval ends if it is not used, UTC.
            reason: Recorded with it.

        Raises:
            PolicyDenied, PolicyError: The caller may not.
            StoreUnavailable: Nothing was approved.
            AuditUnavailable: It could not be recorded and was taken back.
        """
        approval = Approval(digest, str(call.identity), expire_time)
        note = f"approval_digest {digest.hex()}"
        given = False
        try:
            with Recorded(self._audit, call, APPROVE_REQUEST, "", f"{note} {reason}".rstrip()):
                self._policy.authorize(call, APPROVE_REQUEST, None)
                call.ensure_live()
                self._approvals.give(approval)
                given = True
        except AuditUnavailable:
            if given:  # what nobody can know of allows nothing
                self._approvals.withdraw(approval)
            raise
        return approval
