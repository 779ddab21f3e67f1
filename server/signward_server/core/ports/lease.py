"""For how long what a worker has in memory may be acted on."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Lease"]


class Lease(Protocol):
    """A bounded time in which memory counts as what the store says (S34).

    It is renewed in the background, by asking the store. Looking at it waits for nothing.
    """

    @property
    def held(self) -> bool:
        """Whether it has not run out."""
        ...

    def ensure_held(self) -> None:
        """Return while it is held.

        Raises:
            StoreUnavailable: It has run out: a key may have been frozen, or a right been
                revoked, without this worker knowing.
        """
        ...
