"""Which policies a question is about, and what of the context they read."""

from __future__ import annotations

from dataclasses import dataclass

from signward_server.core.actions import ActionKind
from signward_server.policy.compiled import Policies
from signward_server.policy.entities import action_place, principal_place, resource_place
from signward_server.policy.groups import Groups
from signward_server.policy.parsed import ParsedPolicy
from signward_server.policy.question import Question
from signward_server.policy.reads import joined

__all__ = ["Relevant", "relevant"]

_FIXED = frozenset({"authentication", "version", "version.number", "version.state"})


@dataclass(frozen=True, slots=True)
class Relevant:
    """The policies in scope of a question.

    Attributes:
        policies: These policies; no other can decide or err.
        reads: What they read of the context together, see ``reads.joined``.
    """

    policies: tuple[ParsedPolicy, ...]
    reads: frozenset[str]

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the policies."""
        return tuple(policy.id for policy in self.policies)

    @property
    def final(self) -> bool:
        """Whether caller, authentication, action, key and version determine the answer.

        They do where nothing else is read of the context (S9).
        """
        return self.reads <= _FIXED


def relevant(policies: Policies, groups: Groups, kind: ActionKind, question: Question) -> Relevant:
    """Return the policies in scope of a question with this action."""
    principal = principal_place(groups, question.caller.identity)
    resource = resource_place(question.key)
    in_scope = tuple(
        policy
        for policy in policies.about(action_place(kind))
        if policy.scope.matches(principal, resource)
    )
    return Relevant(in_scope, joined(policy.reads for policy in in_scope))
