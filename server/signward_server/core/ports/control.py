"""Who may do what, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from signward_server.core.identity import Identity
from signward_server.core.keys import Key
from signward_server.core.signing import Intent

__all__ = ["Caps", "Limits", "Policy", "Reservation"]


class Policy(Protocol):
    """Decides who may do what."""

    def authorize(
        self,
        identity: Identity,
        action: str,
        key: Key | None,
        intent: Intent | None = None,
        totals: Mapping[str, int] | None = None,
    ) -> None:
        """Return if it is allowed.

        Args:
            identity: The caller.
            action: Action of the RPC or of the Intent.
            key: The key in question, ``None`` for what concerns the server.
            intent: What is to be signed, ``None`` for what is not signing.
            totals: Windowed totals including this request.

        Raises:
            PolicyDenied: It is not.
        """
        ...


class Reservation(Protocol):
    """Spending that was counted before the decision (S12)."""

    @property
    def totals(self) -> Mapping[str, int]:
        """Windowed totals, this request included."""
        ...

    def release(self) -> None:
        """Give it back: no signature can have left."""
        ...


class Caps(Protocol):
    """Sums and counts over windows."""

    def reserve(self, identity: Identity, key: Key, intent: Intent) -> Reservation:
        """Count this request in and return the totals."""
        ...


class Limits(Protocol):
    """Rate limits."""

    def admit(self, identity: Identity, method: str, key: str, cost: int = 1) -> None:
        """Count a call or an item.

        Raises:
            RateLimited: With the seconds after which it gets through.
        """
        ...
