"""Why a question is answered as it is: for whoever writes policies.

Asks anew, with every policy, everything that policies could see, and the schema: nothing
of what makes the engine quick.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import cedarpy

from signward_server.core.ports import Clock
from signward_server.policy.compiled import Policies
from signward_server.policy.context import context_of, wanted
from signward_server.policy.entities import entities, request_json
from signward_server.policy.groups import Groups
from signward_server.policy.question import Question, Unfit, require_intent, require_subject
from signward_server.policy.reads import EVERYTHING
from signward_server.policy.relevance import relevant
from signward_server.policy.verdict import Verdict, ask

__all__ = ["Explanation", "explain"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """One decision, and all that it rests on.

    Attributes:
        allowed: Whether it is allowed.
        policies: Ids of the policies that decided; with none, nothing permits it.
        errors: What went wrong, which denies (S5). Cedar's words, and values of the payload.
        unvouched: Whether it is denied only because an API key alone shows who the caller
            is, and no deciding ``permit`` reads ``context.authentication`` (S3).
        in_scope: Ids of the policies whose scope matches, so that they were evaluated.
        reads: What these read of the context, ``time`` or ``order.coin``; ``*`` for all.
        cacheable: Whether the answer stays the same until policies, groups or key change.
        limits: The caps that the policies that decided enforce, where they do nothing else.
        request: Principal, action and resource, as Cedar got them.
        context: The context, as Cedar got it.
        entities: The entities, as Cedar got them.
    """

    allowed: bool
    policies: tuple[str, ...]
    errors: tuple[str, ...]
    unvouched: bool
    in_scope: tuple[str, ...]
    reads: tuple[str, ...]
    cacheable: bool
    limits: tuple[str, ...]
    request: Mapping[str, object]
    context: Mapping[str, object]
    entities: tuple[Mapping[str, object], ...]

    @property
    def reason(self) -> str:
        """The answer in a sentence."""
        if self.allowed:
            return "allowed by the policies that decided"
        if self.errors:
            return "denied, since a policy could not be evaluated"
        if self.unvouched:
            return (
                "denied, since an API key alone does not suffice for this action unless a "
                "policy that permits it reads context.authentication"
            )
        if self.limits:
            return f"above what is allowed within a window ({', '.join(self.limits)})"
        if self.policies:
            return "forbidden by the policies that decided"
        return "denied, since no policy permits it"


def explain(policies: Policies, groups: Groups, question: Question, clock: Clock) -> Explanation:
    """Decide and say why.

    Args:
        policies: The policies.
        groups: Who is in which group.
        question: What is asked; an ``Asker`` may stand in for the caller.
        clock: The time that policies see.

    Raises:
        PayloadUnsupported: A number of the Intent is outside of 0..2^63-1 (S6).
    """
    described = entities(groups, question.caller.identity, question.key, question.version)
    request = request_json(question)
    context: dict[str, object] = {}
    in_scope: tuple[str, ...] = ()
    reads: frozenset[str] = frozenset()
    final = False
    try:
        kind = policies.kind(question.action)
        found = relevant(policies, groups, kind, question)
        in_scope, reads, final = found.ids, found.reads, found.final
        require_subject(kind, question.key, question.version)
        require_intent(kind, question.intent)
        context = context_of(wanted(EVERYTHING, kind), question, kind, clock)
        parsed = cedarpy.Entities.from_json_str(json.dumps(described), policies.schema)
        vouching = policies.vouching(kind, question.caller.authentication)
        verdict = ask(request, context, policies.complete, parsed, vouching, policies.schema)
    except (Unfit, ValueError) as error:
        verdict = Verdict(allowed=False, errors=(str(error),))
    return Explanation(
        allowed=verdict.allowed,
        policies=verdict.policies,
        errors=verdict.errors,
        unvouched=verdict.unvouched,
        in_scope=in_scope,
        reads=tuple(sorted(reads)),
        cacheable=final and not verdict.errors,
        limits=() if verdict.allowed else policies.spend_limits(verdict.policies),
        request=request,
        context=context,
        entities=tuple(described),
    )
