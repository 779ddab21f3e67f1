"""Adding the next version to a key, whoever asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from signward_server.core.errors import CustodyUnavailable
from signward_server.core.keys import CustodyKind, Key, KeyVersion, VersionState
from signward_server.core.ports import Catalogue, Clock, Custody, RequestScope, Time
from signward_server.core.version_steps import next_number, rotated

__all__ = ["NewVersions"]


class NewVersions:
    """Makes key pairs and stores them as versions, each in one transaction.

    Implements ``core.ports.Rotator``.

    Args:
        catalogue: Where keys are kept.
        custodies: Who makes the pairs.
        clock: Dates what is made.
        onward: The time by which versions end.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        custodies: Mapping[CustodyKind, Custody],
        clock: Clock,
        onward: Time,
    ) -> None:
        self._catalogue = catalogue
        self._custodies = custodies
        self._clock = clock
        self._onward = onward

    def rotate(self, key: Key) -> Key:
        """Make a key's next version with the key's own grace; see ``add``."""
        return self.add(key, key.grace_period)

    def add(
        self, key: Key, grace: timedelta, scope: RequestScope | None = None, content: bytes = b""
    ) -> Key:
        """Make a key's next version, if the key is still what was read.

        It is primary, or pending where a ledger must know it first. Whatever is unlocked of
        the key is wiped before this returns: the old version may have retired with it.

        Args:
            key: As it was read.
            grace: How long the version that was primary still signs.
            scope: The request that asks for it, ``None`` for none that could come again.
            content: SHA-256 of what that asks for.

        Raises:
            EtagMismatch: It has changed since.
            KeyVersionQuota: See ``next_number``; nothing was changed.
            CustodyUnavailable, StoreUnavailable: Nothing was changed.
        """
        custody = self._custodies.get(key.custody)
        if custody is None:
            raise CustodyUnavailable
        number = next_number(key)
        created = custody.create(key, number)
        fresh = KeyVersion(
            version=number,
            state=VersionState.PENDING,
            public_key=created.public_key,
            create_time=self._clock.now(),
            backend_ref=created.backend_ref,
        )
        stored = self._catalogue.replace(
            rotated(key, fresh, grace, self._onward.now()),
            key.revision,
            material=created.material,
            scope=scope,
            content=content,
        )
        custody.forget(key.id)
        return stored
