"""Showing keys, from memory."""

from __future__ import annotations

from dataclasses import dataclass

from signward_server.core.keys import Key, KeyVersion
from signward_server.core.ports import Call, Catalogue, Policy
from signward_server.flows.access import may_view, verifying_version, visible_key
from signward_server.flows.key_requests import KeyFilter

__all__ = ["KeyPage", "KeyReading"]

GET_KEY = "GetKey"
LIST_KEYS = "ListKeys"
GET_PUBLIC_KEY = "GetPublicKey"
_SCAN = 500


@dataclass(frozen=True, slots=True)
class KeyPage:
    """A page of a list.

    Attributes:
        keys: In order of id.
        next_after: The id after which the next page begins, empty at the end.
    """

    keys: tuple[Key, ...]
    next_after: str


class KeyReading:
    """Shows what the policy lets a caller see."""

    def __init__(self, *, catalogue: Catalogue, policy: Policy) -> None:
        self._catalogue = catalogue
        self._policy = policy

    def get(self, call: Call, key_id: str) -> Key:
        """Return a key.

        Raises:
            KeyNotFound, EnvelopeCorrupt: See ``visible_key``.
            PolicyDenied, PolicyError: The caller may know of it and no more.
        """
        return self._allowed(call, GET_KEY, key_id)

    def public_key(self, call: Call, key_id: str, number: int) -> tuple[Key, KeyVersion]:
        """Return a key and one of its versions, the primary one for 0.

        Raises:
            KeyNotFound, EnvelopeCorrupt: See ``visible_key``.
            PolicyDenied, PolicyError: The caller may know of it and no more.
            KeyVersionNotFound, KeyVersionDestroyed: See ``verifying_version``.
        """
        key = self._allowed(call, GET_PUBLIC_KEY, key_id)
        return key, verifying_version(key, number)

    def page(self, call: Call, wanted: KeyFilter, after: str, size: int) -> KeyPage:
        """Return up to ``size`` matching keys with an id above ``after``.

        Raises:
            PolicyDenied, PolicyError: The caller may not list at all.
        """
        self._policy.authorize(call, LIST_KEYS, None)
        found: list[Key] = []
        while len(found) <= size:
            call.ensure_live()
            scanned = self._catalogue.page(after, _SCAN)
            found.extend(
                key for key in scanned if wanted.matches(key) and may_view(self._policy, call, key)
            )
            if len(scanned) < _SCAN:
                break
            after = scanned[-1].id
        more = len(found) > size
        keys = tuple(found[:size])
        return KeyPage(keys, keys[-1].id if more else "")

    def _allowed(self, call: Call, action: str, key_id: str) -> Key:
        key = visible_key(self._catalogue, self._policy, call, key_id)
        self._policy.authorize(call, action, key)
        return key
