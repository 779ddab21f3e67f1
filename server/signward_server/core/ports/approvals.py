"""A second identity's word for exactly one action (S15)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

__all__ = ["Approval", "Approvals"]


@dataclass(frozen=True, slots=True)
class Approval:
    """One approval.

    Attributes:
        digest: What it is for, 32 bytes (``flows.digests.approval_digest``).
        approver: Who gave it, in typed form.
        expire_time: When it ends unless it is used, UTC.
    """

    digest: bytes
    approver: str
    expire_time: datetime


class Approvals(Protocol):
    """Approvals that are neither used nor over; each is authentic (S17).

    One that was used for a request_id is remembered as long as that, so that a retry rests on
    the approval of the first use (S33).
    """

    def give(self, approval: Approval) -> None:
        """Remember an approval durably, in the place of an unused one for the same digest.

        Raises:
            StoreUnavailable: The store cannot be written now.
        """
        ...

    def withdraw(self, approval: Approval) -> None:
        """Take one back that was not used.

        Raises:
            StoreUnavailable: The store cannot be written now.
        """
        ...

    def find(self, digest: bytes, asker: str) -> Approval | None:
        """Return one by another identity than the asker; ``None`` if there is none now.

        Raises:
            StoreUnavailable: The store cannot be read now.
        """
        ...

    def used_for(self, use: bytes, asker: str) -> Approval | None:
        """Return the one that was used for this; ``None`` if none was, or it is forgotten.

        Args:
            use: As it was given to ``use``.
            asker: Who asks again.

        Raises:
            StoreUnavailable: The store cannot be read now.
        """
        ...

    def use(self, approval: Approval, use: bytes = b"") -> bool:
        """Use it up, durably; return whether it was still there to be used.

        Args:
            approval: As it was found.
            use: What it is used for, 32 bytes (``flows.digests.approval_use``), if that may be
                asked for again. Of several at once with the same one, each gets it.

        Raises:
            StoreUnavailable: The store cannot be written now.
        """
        ...
