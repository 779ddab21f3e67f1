"""One state of policies and groups, and what has been found out under it.

A case is one caller with one kind of authentication, one action, one key and version:
which policies are in scope, and what of the context they read. Where they read nothing but
the authentication and the version, which belong to the case, its verdict is final (S9).
Cases are found by name and hold only for the very snapshot of the key that they were made
for; with other policies or groups there is another ``Snapshot``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import cedarpy

from signward_server.core.actions import ActionKind
from signward_server.core.keys import Key, KeyVersion
from signward_server.core.ports import Clock
from signward_server.policy.compiled import Policies
from signward_server.policy.context import Wanted, context_of, wanted
from signward_server.policy.entities import (
    action_place,
    asked_entities,
    asking_entities,
    request_json,
)
from signward_server.policy.groups import Groups
from signward_server.policy.parsed import policy_set
from signward_server.policy.question import Question, Unfit, require_subject
from signward_server.policy.relevance import Relevant, relevant
from signward_server.policy.verdict import Verdict, ask

__all__ = ["Case", "CaseName", "Inquiry", "Snapshot"]

CaseName = tuple[str, str, str, str, str, int]
"""Action, name and kind of the identity, authentication, key id, version number."""

_MAX_RECENT = 32_768  # verdicts, 0.5 KiB each; as many again were asked for before those
_INQUIRY = 8  # what an inquiry counts as: 6 KiB, most of it for the key's attributes
_MAX_ASKING = 1024  # callers with their groups, one for each action of theirs
_MAX_HELD = 5000  # policies in the sets of all scopes together, 6 KiB each


@dataclass(frozen=True, slots=True)
class Inquiry:
    """How to ask Cedar about a case.

    Attributes:
        request: Principal, action and resource.
        policies: Those in scope, and maybe others.
        entities: The entities, the action with its groups among them.
        attributes: What the policies in scope read of the context.
        vouching: See ``verdict.ask``.
        final: Whether the answer is the same every time.
    """

    request: dict[str, object]
    policies: cedarpy.PolicySet
    entities: cedarpy.Entities
    attributes: Wanted
    vouching: frozenset[str] | None
    final: bool


@dataclass(frozen=True, slots=True)
class Case:
    """What is known about a case.

    Attributes:
        key: The snapshot of the key that it holds for.
        version: The version that it holds for.
        kind: The action.
        answer: The verdict, or how to get one.
    """

    key: Key | None
    version: KeyVersion | None
    kind: ActionKind
    answer: Verdict | Inquiry


class Snapshot:
    """One state of policies and groups.

    Threads share it without a lock: what two of them find out at once is the same.

    Args:
        policies: The policies.
        groups: The groups.
    """

    __slots__ = (
        "_approvable",
        "_asking",
        "_earlier",
        "_held",
        "_kept",
        "_sets",
        "groups",
        "policies",
        "recent",
        "version",
    )

    def __init__(self, policies: Policies, groups: Groups) -> None:
        self.policies = policies
        self.groups = groups
        self.version = policies.version
        self._approvable = frozenset(
            kind.name
            for kind in policies.kinds.values()
            if kind.restricted and kind.record and policies.ask_approval(action_place(kind))
        )
        self.recent: dict[CaseName, Case] = {}
        self._earlier: dict[CaseName, Case] = {}
        self._sets: dict[tuple[str, ...], cedarpy.PolicySet] = {}
        self._asking: dict[tuple[str, str, str], cedarpy.Entities] = {}
        self._held = 0
        self._kept = 0

    def asks_approval(self, action: str) -> bool:
        """See ``core.ports.Generation.asks_approval``."""
        return action in self._approvable

    def case(self, name: CaseName, question: Question) -> Case:
        """Return a case that ``recent`` does not have for this snapshot of the key.

        Raises:
            Unfit: No policy can judge it.
        """
        case = self._earlier.get(name)
        key, version = question.key, question.version
        if case is None or case.key is not key or case.version is not version:
            case = self._examined(question)
        if isinstance(case.answer, Verdict) or not case.answer.final:
            self._keep(name, case)
        return case

    def verdict(self, name: CaseName, case: Case, question: Question, clock: Clock) -> Verdict:
        """Return the verdict on a question of this case; remember it if it is final.

        Raises:
            Unfit: No policy can judge it.
        """
        inquiry = case.answer
        if isinstance(inquiry, Verdict):
            return inquiry
        context = context_of(inquiry.attributes, question, case.kind, clock)
        verdict = ask(
            inquiry.request, context, inquiry.policies, inquiry.entities, inquiry.vouching
        )
        if inquiry.final and not verdict.errors:
            self._keep(name, Case(case.key, case.version, case.kind, verdict))
        return verdict

    def _keep(self, name: CaseName, case: Case) -> None:
        if self._kept >= _MAX_RECENT:
            self._earlier, self.recent, self._kept = self.recent, {}, 0
        self.recent[name] = case
        self._kept += 1 if isinstance(case.answer, Verdict) else _INQUIRY

    def _examined(self, question: Question) -> Case:
        kind = self.policies.kind(question.action)
        require_subject(kind, question.key, question.version)
        return Case(question.key, question.version, kind, self._inquiry(kind, question))

    def _inquiry(self, kind: ActionKind, question: Question) -> Inquiry:
        found = relevant(self.policies, self.groups, kind, question)
        entities = self._entities(kind, question)
        return Inquiry(
            request=request_json(question),
            policies=self._set(found),
            entities=entities,
            attributes=wanted(found.reads, kind),
            vouching=self.policies.vouching(kind, question.caller.authentication),
            final=found.final,
        )

    def _entities(self, kind: ActionKind, question: Question) -> cedarpy.Entities:
        """Return the entities of a question; those of all keys share the caller's."""
        identity = question.caller.identity
        name = (kind.name, identity.name, identity.kind)
        try:
            asking = self._asking.get(name)
            if asking is None:
                described = asking_entities(self.groups, identity, kind)
                asking = cedarpy.Entities.from_json_str(json.dumps(described))
                if len(self._asking) >= _MAX_ASKING:
                    self._asking = {}
                self._asking[name] = asking
            described = asked_entities(self.groups, identity, question.key, question.version)
            return asking.with_added_json_str(json.dumps(described))
        except ValueError as error:
            raise Unfit("the key or the caller cannot be described") from error

    def _set(self, found: Relevant) -> cedarpy.PolicySet:
        """Return these policies for Cedar; all of them once too many sets are held."""
        ids = found.ids
        known = self._sets.get(ids)
        if known is not None:
            return known
        if len(ids) == len(self.policies.policies) or self._held + len(ids) > _MAX_HELD:
            return self.policies.complete
        self._held += len(ids)
        return self._sets.setdefault(ids, policy_set(found.policies))
