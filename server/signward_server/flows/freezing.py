"""Freezing keys, and letting them sign again: one, or all that carry certain labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence

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
_SLICE = 256  # keys in one transaction: everything else that writes waits for it


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
            EtagMismatch: A key changes too often. What was changed before is recorded.
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
            with Recorded(self._audit, call, action, target, reason):
                self._set_one(call, target, action, mode)
            return (target,)
        with Recorded(self._audit, call, action, "", reason):
            chosen = list(self._matching(call, target))
            for key in chosen:
                self._allow(call, key, action, mode)
            for start in range(0, len(chosen), _SLICE):
                self._set_slice(call, chosen[start : start + _SLICE], action, mode, reason)
        return tuple(key.id for key in chosen)

    def _set_slice(
        self, call: Call, keys: Sequence[Key], action: str, mode: Freeze, reason: str
    ) -> None:
        """Change keys that were judged in one go, and those that changed since one by one."""
        changed = [dataclasses.replace(key, freeze=mode) for key in keys if key.freeze is not mode]
        stored = self._writing.replace_unchanged(call, changed)
        done = {key.id: key for key in keys if key.id in stored or key.freeze is mode}
        self._wipe(done.values(), mode)
        for key in keys:
            with Recorded(self._audit, call, action, key.id, reason):
                if key.id not in done:
                    self._set_one(call, key.id, action, mode)

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

        self._wipe([self._writing.retried(call, key_id, allow, change)], mode)

    def _wipe(self, keys: Iterable[Key], mode: Freeze) -> None:
        """Wipe what never signs now; before the record, so that it is done even if that fails."""
        if mode is Freeze.ALL:
            for key in keys:
                self._writing.forget(key)

    def _allow(self, call: Call, key: Key, action: str, mode: Freeze) -> None:
        self._policy.authorize(call, action, key)
        if mode is Freeze.CANCEL_ONLY and key.freeze is Freeze.ALL:
            self._policy.authorize(call, UNFREEZE_KEY, key)
