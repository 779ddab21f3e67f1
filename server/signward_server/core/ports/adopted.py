"""Since when a home is the one that signs."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

__all__ = ["Adopted"]


class Adopted(Protocol):
    """What whoever hands out nonces, or counts within windows, has to know of adoptions (S41).

    The store may be older than what was signed with its keys. Whatever is to be used once, or
    summed up over time, can therefore not go on from what the store says: nonces begin above
    this time, and windows that began before it count as used up.
    """

    @property
    def adopted(self) -> datetime | None:
        """When a home was last adopted on this store that nobody served from, if one ever was.

        Raises:
            StoreUnavailable: It cannot be read.
        """
        ...
