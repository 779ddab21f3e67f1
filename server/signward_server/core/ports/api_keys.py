"""Where API keys are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from signward_server.core.api_keys import ApiKey

__all__ = ["ApiKeys", "SecretDigest"]


class SecretDigest(Protocol):
    """Turns secrets of API keys into what may be stored."""

    def digest(self, secret: bytes) -> bytes:
        """Return 32 bytes that tell nothing of the secret without the KEK.

        Raises:
            CustodyUnavailable: The KEK is closed.
        """
        ...


class ApiKeys(Protocol):
    """All API keys. Reads are served from memory; a change is durable when it returns."""

    @property
    def generation(self) -> int:
        """Rises with each change."""
        ...

    def find(self, digest: bytes) -> ApiKey | None:
        """Return the key with the secret of this digest, revoked ones included."""
        ...

    def get(self, key_id: str) -> ApiKey | None:
        """Return the key with this id, ``None`` if there is none."""
        ...

    def page(self, after: str, limit: int) -> Sequence[ApiKey]:
        """Return up to ``limit`` keys with an id above ``after``, in order of id."""
        ...

    def insert(self, api_key: ApiKey) -> None:
        """Store a new key.

        Raises:
            ApiKeyExists: The id or the secret is taken, by a revoked key too.
            ApiKeyQuota: There are as many as the store takes.
            StoreUnavailable: The store cannot be written now.
        """
        ...

    def revoke(self, key_id: str, at: datetime) -> ApiKey | None:
        """Revoke a key, for good; one that is revoked already stays as it is.

        Returns:
            The key as stored, ``None`` if there is none.

        Raises:
            StoreUnavailable: The store cannot be written now.
        """
        ...
