"""A valid set of policies, and what can be looked up in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cedarpy

from signward_server.core.actions import ActionKind
from signward_server.core.identity import Authentication
from signward_server.policy.parsed import ParsedPolicy, policy_set
from signward_server.policy.question import Unfit
from signward_server.policy.reads import EVERYTHING
from signward_server.policy.scope import Place, Uid

__all__ = ["Policies"]

_APPROVED = frozenset({"approved"})


class Policies:
    """A valid set of policies; made by ``compile_policies``.

    Attributes:
        policies: All of them, by id, in order of file and place.
        kinds: The actions that they were checked for, by name.
        schema: The schema, parsed.
        version: SHA-256 of schema and files, in hex.
        complete: All of them, for Cedar.
    """

    __slots__ = (
        "_about",
        "_vouching",
        "complete",
        "kinds",
        "policies",
        "schema",
        "version",
    )

    def __init__(
        self,
        policies: Mapping[str, ParsedPolicy],
        kinds: Mapping[str, ActionKind],
        schema: cedarpy.Schema,
        version: str,
    ) -> None:
        self.policies = policies
        self.kinds = kinds
        self.schema = schema
        self.version = version
        self.complete = policy_set(policies.values())
        self._about: dict[Uid, tuple[ParsedPolicy, ...]] = {}
        self._vouching = frozenset(
            policy.id
            for policy in policies.values()
            if policy.permits and "authentication" in policy.reads
        )

    def kind(self, action: str) -> ActionKind:
        """Return the action with this name.

        Raises:
            Unfit: There is none.
        """
        kind = self.kinds.get(action)
        if kind is None:
            raise Unfit("there is no such action")
        return kind

    def about(self, action: Place) -> tuple[ParsedPolicy, ...]:
        """Return the policies whose scope has this action."""
        known = self._about.get(action.uid)
        if known is None:
            every = self.policies.values()
            known = tuple(policy for policy in every if policy.scope.matches_action(action))
            self._about[action.uid] = known
        return known

    def ask_approval(self, action: Place) -> bool:
        """Return whether a policy about this action reads whether it was approved (S15)."""
        return any(
            policy.reads.intersection(_APPROVED | EVERYTHING) for policy in self.about(action)
        )

    def vouching(self, kind: ActionKind, authentication: Authentication) -> frozenset[str] | None:
        """Return the policies of which one must decide, so that an Allow counts (S3).

        Returns:
            For a restricted action that an API key alone asks for: those that look at how
            the caller has shown who it is. ``None`` where any will do.
        """
        if kind.restricted and authentication is Authentication.API_KEY:
            return self._vouching
        return None

    def spend_limits(self, deciding: Sequence[str]) -> tuple[str, ...]:
        """Return the caps that these policies enforce, if they do nothing else; else none."""
        limits = {self.policies[name].spend_limit for name in deciding}
        return () if "" in limits else tuple(sorted(limits))

    @property
    def groups(self) -> frozenset[str]:
        """Groups of identities that some policy names."""
        named = (uid for policy in self.policies.values() for uid in policy.entities)
        return frozenset(id_ for type_, id_ in named if type_ == "Group")
