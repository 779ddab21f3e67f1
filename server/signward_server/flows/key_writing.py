"""Writing changed keys: compare-and-swap on the stored row, and what a change wipes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from signward_server.core.errors import EtagMismatch
from signward_server.core.keys import CustodyKind, Key
from signward_server.core.ports import Call, Catalogue, Custody, Policy
from signward_server.flows.access import visible_key

__all__ = ["KeyWriting"]

_TRIES = 5


class KeyWriting:
    """Writes keys for callers that may view them."""

    def __init__(
        self, *, catalogue: Catalogue, custodies: Mapping[CustodyKind, Custody], policy: Policy
    ) -> None:
        self._catalogue = catalogue
        self._custodies = custodies
        self._policy = policy

    def retried(
        self, call: Call, key_id: str, allow: Callable[[Key], None], change: Callable[[Key], Key]
    ) -> Key:
        """Apply a change that does not depend on the rest of the key.

        Args:
            call: The call that asks for it.
            key_id: The key.
            allow: Returns if the caller may change the key as it is now.
            change: Returns the changed key; the same one changes nothing.

        Raises:
            KeyNotFound, EnvelopeCorrupt: See ``visible_key``.
            EtagMismatch: Another change came between too often.
            StoreUnavailable: Nothing was changed.
        """
        for _ in range(_TRIES):
            key = visible_key(self._catalogue, self._policy, call, key_id)
            allow(key)
            try:
                return self.replace(call, key, change(key))
            except EtagMismatch:
                continue
        raise EtagMismatch

    def replace(self, call: Call, key: Key, changed: Key) -> Key:
        """Store a changed key in the place of what was read; nothing if it is the same.

        What is the same holds everywhere when this returns, whoever has made it so (S34).

        Raises:
            EtagMismatch: It changed since it was read.
            StoreUnavailable: Nothing was changed.
        """
        if changed == key:
            self._catalogue.settle()
            return key
        call.ensure_live()
        return self._catalogue.replace(changed, key.revision)

    def replace_unchanged(self, call: Call, keys: Sequence[Key]) -> frozenset[str]:
        """Store changed keys in the place of what was read, in one go.

        Returns:
            Ids of those that were stored; the others changed since they were read.

        Raises:
            StoreUnavailable: Nothing was changed.
        """
        if not keys:
            self._catalogue.settle()
            return frozenset()
        call.ensure_live()
        return frozenset(key.id for key in self._catalogue.replace_unchanged(keys))

    def forget(self, key: Key) -> None:
        """Wipe whatever is unlocked of a key."""
        custody = self._custodies.get(key.custody)
        if custody is not None:
            custody.forget(key.id)
