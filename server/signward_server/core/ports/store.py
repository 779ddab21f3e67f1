"""What outlives the process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from signward_server.core.keys import Key
from signward_server.core.value import value

__all__ = ["Catalogue", "Changed", "Claim", "RequestLedger", "RequestScope"]


@value
class Claim:
    """What a request_id resolved to.

    Attributes:
        version: The key version of its first use.
        replayed: Whether this is a retry.
        nonce: The nonce of its first use, 0 for none.
    """

    version: int
    replayed: bool
    nonce: int = 0


@dataclass(frozen=True, slots=True)
class Changed:
    """What a request made of a key.

    Attributes:
        key: The key as it is now.
        version: Number of the version that the request made.
        previous: Number of the version that was primary before.
    """

    key: Key
    version: int
    previous: int


@dataclass(frozen=True, slots=True)
class RequestScope:
    """What a request_id is unique in (S33)."""

    identity: str
    method: str
    key: str
    request_id: str


class RequestLedger(Protocol):
    """Remembers request_ids, so that a retry gets the first answer."""

    def claim(self, scope: RequestScope, content: bytes, version: int, nonce: int = 0) -> Claim:
        """Remember a request durably, or find it again.

        Args:
            scope: Whose request it is.
            content: SHA-256 of everything that the answer depends on.
            version: The key version that it resolves to now.
            nonce: The nonce that was taken for it, 0 for none. One that is remembered is
                durable as the nonce itself: not lost with the power either.

        Returns:
            What it resolved to at first use, and whether this is a retry.

        Raises:
            RequestIdReused: The scope was used with other content.
            RequestIdQuota: The identity has too many that are still remembered.
            EnvelopeCorrupt: What is remembered of it is not as it was written (S17).
            StoreUnavailable: The store cannot be written now.
        """
        ...

    def find(self, scope: RequestScope, content: bytes) -> Claim | None:
        """Return what a request resolved to; ``None`` if it is not remembered.

        Raises:
            RequestIdReused: The scope was used with other content.
            EnvelopeCorrupt: See ``claim``.
            StoreUnavailable: The store cannot be read now.
        """
        ...


class Catalogue(Protocol):
    """All keys. Reads are served from memory; a change is durable when it returns."""

    def get(self, key_id: str) -> Key | None:
        """Return the key, ``None`` if there is none.

        Raises:
            EnvelopeCorrupt: Its row fails its MAC; the key is quarantined.
        """
        ...

    def page(self, after: str, limit: int, skip: int = 0) -> Sequence[Key]:
        """Return up to ``limit`` keys with an id above ``after``, in order of id.

        Args:
            after: An id, of a key or not; empty for the beginning.
            limit: How many; none for less than 1.
            skip: How many are passed over first, at least 0.
        """
        ...

    def created_by(self, scope: RequestScope, content: bytes) -> Key | None:
        """Return the key, as it is now, that this request made; ``None`` if it made none.

        Raises:
            RequestIdReused: The scope was used with other content.
        """
        ...

    def insert(
        self, key: Key, material: bytes | None, scope: RequestScope | None, content: bytes
    ) -> Key:
        """Store a new key with its material and request_id in one transaction.

        Returns:
            The stored key; that of the first call when the request is a retry of it.

        Raises:
            KeyExists: The id is taken, or the public key occurs already (S16).
            RequestIdReused: The scope was used with other content.
            RequestIdQuota: The identity has too many that are still remembered.
            StoreUnavailable: The store cannot be written now.
        """
        ...

    def settle(self) -> None:
        """Return when no other process acts on what was before that which is read here (S34).

        For whoever finds that somebody else has made a change already: that one may not have
        returned yet, or not to the caller.

        Raises:
            StoreUnavailable: It cannot be known.
        """
        ...

    def changed_by(self, scope: RequestScope, content: bytes) -> Changed | None:
        """Return what this request made of its key; ``None`` if it made nothing.

        Other processes know it too by then.

        Raises:
            RequestIdReused: The scope was used with other content.
        """
        ...

    def replace(
        self,
        key: Key,
        expected_revision: int,
        *,
        material: bytes | None = None,
        scope: RequestScope | None = None,
        content: bytes = b"",
    ) -> Key:
        """Store a changed key if its row still has the expected revision, in one transaction.

        A version that is destroyed now loses its sealed material with the same commit.

        Args:
            key: The changed key.
            expected_revision: What its row must have.
            material: Sealed private half of its newest version, if that is new.
            scope: The request that asks for it, to be remembered as long as the key.
            content: SHA-256 of what that request asks for.

        Returns:
            The stored key, with its new revision and update time.

        Raises:
            KeyNotFound: There is no such key.
            EtagMismatch: The row has another revision.
            KeyExists: The public key of a new version occurs already (S16).
            RequestIdReused: The scope was used before.
            StoreUnavailable: The store cannot be written now.
        """
        ...

    def replace_unchanged(self, keys: Iterable[Key]) -> Sequence[Key]:
        """Store changed keys, those whose rows still have the revision that they carry.

        In one transaction, so that many take little longer than one. None has a new version.

        Returns:
            The stored keys, in order; what was changed or removed meanwhile is left out.

        Raises:
            StoreUnavailable: Nothing was changed.
        """
        ...
