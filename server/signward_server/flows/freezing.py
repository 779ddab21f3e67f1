"""Freezing keys, and letting them sign again: one, or all that carry certain labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from signward_server.core.keys import CustodyKind, Freeze, Key
from signward_server.core.ports import Audit, Call, Catalogue, Custody, Policy
from signward_server.flows.access import may_view
from signward_server.flows.key_requests import KeyFilter
from signward_server.flows.key_writing import KeyWriting
from signward_server.flows.recording import Recorded

__all__ = ["FREEZE_KEY", "UNFREEZE_KEY", "Freezing"]

FREEZE_KEY = "FreezeKey"
UNFREEZE_KEY = "UnfreezeKey"
_SCAN = 500


class Freezing:
    """Stops keys from signing, wholly or but for what cancels.

    Whoever may only freeze never lets a key sign more than before: from a whole freeze to
    one that lets cancel takes the right to unfreeze as well.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        custodies: Mapping[CustodyKind, Custody],
        policy: Policy,
        audit: Audit,
    ) -> None:
        self._writing = KeyWriting(catalogue=catalogue, custodies=custodies, policy=policy)
        self._catalogue = catalogue
        self._policy = policy
        self._audit = audit

    def freeze(
        self, call: Call, target: str | KeyFilter, mode: Freeze, reason: str
    ) -> tuple[str, ...]:
        """Freeze keys; one that is in this mode already stays as it is.

        Whatever is unlocked of a wholly frozen key is wiped before this returns (S34).

        Args:
            call: Who asks.
            target: Id of a key, or which ones; keys that the caller may not view stay as
                they are.
            mode: ``CANCEL_ONLY`` or ``ALL``.
            reason: Recorded with each key.

        Returns:
            Ids of the keys that are in this mode now, in order.

        Raises:
            KeyNotFound: There is no key of this id that the caller may view.
            PolicyDenied, PolicyError: For one of the keys; nothing was changed.
            EtagMismatch: A key changes too often; it and those after it are as they were.
            StoreUnavailable: Likewise.
        """
        return self._set(call, target, FREEZE_KEY, mode, reason)

    def unfreeze(self, call: Call, target: str | KeyFilter, reason: str) -> tuple[str, ...]:
        """Let keys sign again; see ``freeze``."""
        return self._set(call, target, UNFREEZE_KEY, Freeze.NONE, reason)

    def _set(
        self, call: Call, target: str | KeyFilter, action: str, mode: Freeze, reason: str
    ) -> tuple[str, ...]:
        if isinstance(target, str):
            chosen: tuple[str, ...] = (target,)
        else:
            with Recorded(self._audit, call, action, "", reason):
                chosen = self._chosen(call, target, action, mode)
        for key_id in chosen:
            with Recorded(self._audit, call, action, key_id, reason):
                self._set_one(call, key_id, action, mode)
        return chosen

    def _chosen(self, call: Call, wanted: KeyFilter, action: str, mode: Freeze) -> tuple[str, ...]:
        """Return the ids of the matching keys, each of which the caller may change."""
        matching = list(self._matching(call, wanted))
        for key in matching:
            self._allow(call, key, action, mode)
        return tuple(key.id for key in matching)

    def _matching(self, call: Call, wanted: KeyFilter) -> Iterator[Key]:
        after, more = "", True
        while more:
            call.ensure_live()
            page = self._catalogue.page(after, _SCAN)
            for key in page:
                if wanted.matches(key) and may_view(self._policy, call, key):
                    yield key
            more = len(page) == _SCAN
            after = page[-1].id if page else ""

    def _set_one(self, call: Call, key_id: str, action: str, mode: Freeze) -> None:
        def allow(key: Key) -> None:
            self._allow(call, key, action, mode)

        def change(key: Key) -> Key:
            return dataclasses.replace(key, freeze=mode)

        stored = self._writing.retried(call, key_id, allow, change)
        if mode is Freeze.ALL:
            self._writing.forget(stored)  # before the record: wiped even if that fails

    def _allow(self, call: Call, key: Key, action: str, mode: Freeze) -> None:
        self._policy.authorize(call, action, key)
        if mode is Freeze.CANCEL_ONLY and key.freeze is Freeze.ALL:
            self._policy.authorize(call, UNFREEZE_KEY, key)
