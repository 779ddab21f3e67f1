"""Asks policies about everything that an item carries."""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.core.errors import PolicyDenied, PolicyError, SpendLimit
from signward_server.core.keys import Key, KeyVersion
from signward_server.core.ports import Call, Policy
from signward_server.core.signing import Intent

__all__ = ["Asking"]


class Asking:
    """Asks for each of an item's Intents; all must be allowed.

    Args:
        policy: Decides.
        call: The call that carries the item.
        key: The key that is to sign.
        version: Its version.
        intents: What is asked for.
        approved: Whether somebody else has approved exactly this (S15).
    """

    __slots__ = ("_approved", "_call", "_intents", "_key", "_policy", "_version")

    def __init__(
        self,
        policy: Policy,
        call: Call,
        key: Key,
        version: KeyVersion,
        intents: tuple[Intent, ...],
        *,
        approved: bool,
    ) -> None:
        self._policy = policy
        self._call = call
        self._key = key
        self._version = version
        self._intents = intents
        self._approved = approved

    def each(self, totals: Mapping[str, int]) -> tuple[str, ...]:
        """Return the ids of all policies that allow something.

        Args:
            totals: What was spent, by the names of caps.

        Raises:
            PolicyDenied, PolicyError, SpendLimit: Metadata ``intent`` and ``action`` say of
                several which one it was.
        """
        found: dict[str, None] = {}
        for number, intent in enumerate(self._intents):
            try:
                found.update(dict.fromkeys(self._ask(intent, totals)))
            except (PolicyDenied, PolicyError, SpendLimit) as error:
                if len(self._intents) == 1:
                    raise
                where = {"intent": str(number), "action": intent.action}
                raise type(error)(metadata={**error.metadata, **where}) from None
        return tuple(found)

    def allows(self, totals: Mapping[str, int]) -> bool:
        """Return whether it would be allowed with these totals."""
        try:
            for intent in self._intents:
                self._ask(intent, totals)
        except (PolicyDenied, PolicyError, SpendLimit):
            return False
        return True

    def would_allow(self, totals: Mapping[str, int]) -> bool:
        """Return whether somebody's approval is all that is missing, be it for a later time."""
        for intent in self._intents:
            try:
                self._ask(intent, totals, approved=True)
            except (PolicyDenied, PolicyError):
                return False
            except SpendLimit:
                continue
        return True

    def _ask(
        self, intent: Intent, totals: Mapping[str, int], *, approved: bool = False
    ) -> tuple[str, ...]:
        return self._policy.authorize(
            self._call,
            intent.action,
            self._key,
            self._version,
            intent,
            totals,
            approved=approved or self._approved,
        )
