"""Showing keys, from memory."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from signward_server.core.errors import EtagMismatch
from signward_server.core.keys import Key, KeyVersion
from signward_server.core.ports import Call, Catalogue, Policy, Time
from signward_server.core.versions import as_of, effective_version
from signward_server.flows.access import may_view, verifying_version, visible_key
from signward_server.flows.key_requests import KeyFilter

__all__ = ["KeyPage", "KeyReading", "Place"]

GET_KEY = "GetKey"
LIST_KEYS = "ListKeys"
GET_PUBLIC_KEY = "GetPublicKey"
LIST_KEY_VERSIONS = "ListKeyVersions"
_SCAN = 50  # keys of a turn, and between two looks at the deadline
_REST = 0.001  # seconds before each turn, in which no list decides anything
_LOOKS = 10_000  # at keys that a page does not show
_LOOKS_OF_DECISION = 40  # that a decision takes as long as
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins.

    What is passed over was not shown, maybe because the caller may not know of it. Therefore
    no place names a key that was not shown (S39).

    Attributes:
        after: The last key that was shown, empty if none was.
        skip: How many keys behind that one are passed over.
    """

    after: str = ""
    skip: int = 0


@dataclass(frozen=True, slots=True)
class KeyPage:
    """A page of a list.

    Attributes:
        keys: In order of id.
        following: Where the next page begins, ``None`` at the end.
    """

    keys: tuple[Key, ...]
    following: Place | None


class KeyReading:
    """Shows what the policy lets a caller see.

    Lists go through the keys in turns, with a rest before each: however many there are, signing
    waits for one of them at most.
    """

    def __init__(self, *, catalogue: Catalogue, policy: Policy, onward: Time) -> None:
        self._catalogue = catalogue
        self._policy = policy
        self._onward = onward
        self._turn = threading.Lock()

    def get(self, call: Call, key_id: str) -> Key:
        """Return a key.

        Raises:
            KeyNotFound, EnvelopeCorrupt: See ``visible_key``.
            PolicyDenied, PolicyError: The caller may know of it and no more.
        """
        return as_of(self._allowed(call, GET_KEY, key_id), self._onward.now())

    def public_key(self, call: Call, key_id: str, number: int) -> tuple[Key, KeyVersion]:
        """Return a key and one of its versions, the primary one for 0.

        Raises:
            KeyNotFound, EnvelopeCorrupt: See ``visible_key``.
            PolicyDenied, PolicyError: The caller may know of it and no more.
            KeyVersionNotFound, KeyVersionDestroyed: See ``verifying_version``.
        """
        key = self._allowed(call, GET_PUBLIC_KEY, key_id)
        return key, effective_version(verifying_version(key, number), self._onward.now())

    def versions(
        self, call: Call, key_id: str, below: int, size: int
    ) -> tuple[Key, tuple[KeyVersion, ...]]:
        """Return a key and its versions of every state, newest first.

        Args:
            call: Who asks.
            key_id: The key.
            below: Only versions with a lower number than this; 0 for all.
            size: How many at most.

        Raises:
            KeyNotFound, EnvelopeCorrupt: See ``visible_key``.
            PolicyDenied, PolicyError: The caller may know of it and no more.
        """
        key = as_of(self._allowed(call, LIST_KEY_VERSIONS, key_id), self._onward.now())
        wanted = [version for version in key.versions if not below or version.version < below]
        return key, tuple(wanted[:size])

    def page(self, call: Call, wanted: KeyFilter, place: Place, size: int) -> KeyPage:
        """Return up to ``size`` matching keys from a place on.

        Each matching key may take a decision of its own, so that a page ends after 250 that
        it may not show, or 10,000 that do not match. That tells how many were not shown, and
        never which.

        All of it is judged by one state of policies and groups (S11).

        Raises:
            PolicyDenied, PolicyError: The caller may not list at all.
            EtagMismatch: Policies change faster than a page can be judged.
        """
        for _ in range(_TRIES):
            generation = self._policy.generation
            page = self._page(call, wanted, place, size)
            if self._policy.generation is generation:
                return page
        raise EtagMismatch

    def _page(self, call: Call, wanted: KeyFilter, place: Place, size: int) -> KeyPage:
        self._policy.authorize(call, LIST_KEYS, None)
        shown: list[Key] = []
        after, skip = place.after, place.skip
        left = _LOOKS
        while left > 0:
            call.ensure_live()
            scanned = self._catalogue.page(after, _SCAN, skip)
            with self._turn:
                time.sleep(_REST)
                for key in scanned:
                    matches = wanted.matches(key)
                    if not (matches and may_view(self._policy, call, key)):
                        skip += 1
                        left -= _LOOKS_OF_DECISION if matches else 1
                    elif len(shown) == size:
                        return KeyPage(tuple(shown), Place(after))
                    else:
                        shown.append(as_of(key, self._onward.now()))
                        after, skip = key.id, 0
            if len(scanned) < _SCAN:
                return KeyPage(tuple(shown), None)
        return KeyPage(tuple(shown), Place(after, skip))

    def _allowed(self, call: Call, action: str, key_id: str) -> Key:
        key = visible_key(self._catalogue, self._policy, call, key_id)
        self._policy.authorize(call, action, key)
        return key
