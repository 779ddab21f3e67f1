"""Answers requests as the daemon does, step by step, with no key and no store behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from signward_server.cli.policy.answering import Answer, Request, RequestRefused, Step
from signward_server.cli.policy.loading import Rules
from signward_server.core.actions import MAX_NUMBER, ActionGroup, ActionKind, Resource
from signward_server.core.errors import (
    KeyFrozen,
    KeyNotFound,
    KeyPurposeMismatch,
    PayloadUnsupported,
    PolicyDenied,
    PolicyError,
    SignwardError,
    SpendLimit,
)
from signward_server.core.identity import Identity
from signward_server.core.keys import Freeze, Key, KeyVersion
from signward_server.core.signing import Decoded, Intent
from signward_server.flows.access import VIEW_KEY, signing_version
from signward_server.policy.explain import explain
from signward_server.policy.groups import Groups
from signward_server.policy.question import Question

__all__ = ["Judge"]

_MAKING = frozenset({"CreateKey", "ImportKey", "AdoptKey"})
"""Actions on a key that is not there yet: there is nothing to view, and no version."""


@dataclass(frozen=True, slots=True)
class _Then:
    """A clock that stands still; implements ``ports.Clock``."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment

    def time(self) -> float:
        return self.moment.timestamp()

    def monotonic(self) -> float:
        return self.moment.timestamp()


class Judge:
    """Answers by one set of policies.

    Args:
        rules: The policies and the chains.
        groups: Who is in which group.
    """

    def __init__(self, rules: Rules, groups: Mapping[str, Sequence[Identity]]) -> None:
        self._rules = rules
        self._groups = Groups(groups)

    def answer(self, request: Request) -> Answer:
        """Return what the daemon answers.

        Raises:
            RequestRefused: Nobody can ask for this.
        """
        steps: list[Step] = []
        try:
            if request.payload is not None:
                self._sign(request, steps)
            else:
                self._act(request, steps)
        except SignwardError as exc:
            return Answer(exc.with_traceback(None), tuple(steps))
        return Answer(None, tuple(steps))

    def _act(self, request: Request, steps: list[Step]) -> None:
        """Do what is not signing; raises what the daemon answers."""
        if request.approved:
            raise RequestRefused("only what is signed can be approved by somebody else")
        kind = self._kind(request)
        key = request.key
        if key is not None and kind.name in _MAKING:
            key = replace(key, versions=(), primary_version=0)
        elif key is not None and kind.name != VIEW_KEY:
            self._view(request, key, steps)
        self._decide(request, steps, kind.name, key)

    def _sign(self, request: Request, steps: list[Step]) -> None:
        """Sign, in the order of ``flows.item``; raises what the daemon answers."""
        key, payload = request.key, request.payload
        if key is None or payload is None:
            raise RequestRefused("a payload is signed with a key, but there is none")
        self._view(request, key, steps)
        chain = self._rules.chains.get(type(payload))
        if chain is None:
            raise PayloadUnsupported
        if key.purpose not in chain.purposes:
            raise KeyPurposeMismatch
        version = signing_version(key, request.version, _Then(request.time))
        milliseconds = int(request.time.timestamp() * 1000)
        decoded = chain.decode(payload, key, milliseconds)
        kinds = [self._rules.policies.kinds[intent.action] for intent in decoded.intents]
        if key.freeze is Freeze.CANCEL_ONLY and not all(
            ActionGroup.CANCEL in kind.groups for kind in kinds
        ):
            raise KeyFrozen(metadata={"freeze": key.freeze.name})
        if request.approved and not any(kind.restricted for kind in kinds):
            raise RequestRefused(f"{decoded.intent.action} is not restricted: nobody approves it")
        asked = replace(request, totals={**self._alone(decoded), **request.totals})
        for intent in decoded.intents:
            self._decide(asked, steps, intent.action, key, version, intent)

    def _alone(self, decoded: Decoded) -> Mapping[str, int]:
        """Return the totals if nothing was counted before."""
        amounts = {cap.name: cap.amount(decoded) for cap in self._rules.caps}
        return {name: min(n, MAX_NUMBER) for name, n in amounts.items() if n is not None}

    def _view(self, request: Request, key: Key, steps: list[Step]) -> None:
        try:
            self._decide(request, steps, VIEW_KEY, key)
        except PolicyDenied as exc:
            raise KeyNotFound from exc

    def _decide(
        self,
        request: Request,
        steps: list[Step],
        action: str,
        key: Key | None,
        version: KeyVersion | None = None,
        intent: Intent | None = None,
    ) -> None:
        """Ask the policies.

        Raises:
            PolicyDenied, SpendLimit, PolicyError, PayloadUnsupported: See ``ports.Policy``. The
                caller of a daemon is told KEY_NOT_FOUND where viewing the key errs.
        """
        question = Question(
            request.caller, action, key, version, intent, request.totals, request.approved
        )
        policies = self._rules.policies
        explanation = explain(policies, self._groups, question, _Then(request.time))
        steps.append(Step(action, explanation))
        if explanation.errors:
            raise PolicyError
        if not explanation.allowed:
            raise SpendLimit if explanation.limits else PolicyDenied

    def _kind(self, request: Request) -> ActionKind:
        kind = self._rules.policies.kinds.get(request.action)
        if kind is None:
            raise RequestRefused("there is no such action; see `signward policy schema`")
        if kind.record:
            raise RequestRefused(f"{kind.name} is asked for with a payload, not as an action")
        if (kind.resource is Resource.KEY) is not (request.key is not None):
            needs = "needs a key" if request.key is None else "is done to the server, not to a key"
            raise RequestRefused(f"{kind.name} {needs}")
        return kind
