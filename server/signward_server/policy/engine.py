"""The policy engine: deny by default, and deny whatever goes wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from signward_server.core.errors import PolicyDenied, PolicyError, SpendLimit
from signward_server.core.keys import Key, KeyVersion
from signward_server.core.ports import Caller, Clock, Event, Level, Meter
from signward_server.core.signing import Intent
from signward_server.policy.compiled import Policies
from signward_server.policy.error_log import ErrorLog
from signward_server.policy.explain import Explanation, explain
from signward_server.policy.groups import Groups
from signward_server.policy.question import Question, Unfit, require_intent
from signward_server.policy.snapshot import Snapshot
from signward_server.policy.verdict import Verdict

__all__ = ["CedarPolicy"]

_MAX_NAMED = 16  # policies in an answer


class CedarPolicy:
    """Decides by Cedar policies; implements ``core.ports.Policy``.

    Args:
        policies: The policies.
        groups: Who is in which group.
        clock: The time that policies see.
        meter: Counts denials and errors.
    """

    def __init__(self, policies: Policies, groups: Groups, clock: Clock, meter: Meter) -> None:
        self._clock = clock
        self._meter = meter
        self._errors = ErrorLog(clock)
        self.replace(policies, groups)

    def replace(self, policies: Policies, groups: Groups) -> None:
        """Put these into force, and forget every decision made under the old ones."""
        self._snapshot = Snapshot(policies, groups)
        self._meter.level(Level.POLICIES, len(policies.policies))

    @property
    def generation(self) -> Snapshot:
        """What the decisions of now rest on; see ``core.ports.Policy``."""
        return self._snapshot

    @property
    def policies(self) -> Policies:
        """The policies in force."""
        return self._snapshot.policies

    @property
    def groups(self) -> Groups:
        """The groups in force."""
        return self._snapshot.groups

    def authorize(
        self,
        caller: Caller,
        action: str,
        key: Key | None,
        version: KeyVersion | None = None,
        intent: Intent | None = None,
        totals: Mapping[str, int] | None = None,
        *,
        approved: bool = False,
    ) -> tuple[str, ...]:
        """Return if it is allowed; see ``core.ports.Policy``.

        Raises:
            PolicyDenied: Metadata ``policies``: ids of those that decided, comma-separated.
            SpendLimit: Likewise; ``limits``: the windowed totals that they go by.
            PolicyError: A policy erred, or the question does not fit the schema.
            PayloadUnsupported: A number of the Intent is outside of 0..2^63-1 (S6).
        """
        snapshot = self._snapshot
        identity = caller.identity
        name = (
            action,
            identity.name,
            identity.kind,
            caller.authentication,
            "" if key is None else key.id,
            0 if version is None else version.version,
        )
        case = snapshot.recent.get(name)
        try:
            if case is None or case.key is not key or case.version is not version:
                case = snapshot.case(name, Question(caller, action, key, version))
            require_intent(case.kind, intent)
            verdict = case.answer
            if type(verdict) is not Verdict:
                question = Question(caller, action, key, version, intent, totals, approved)
                verdict = snapshot.verdict(name, case, question, self._clock)
        except Unfit:
            known = action if action in snapshot.policies.kinds else "unknown"
            self._fail(known)
        if not verdict.allowed:
            self._refuse(snapshot.policies, action, verdict)
        return verdict.policies

    def explain(self, question: Question) -> Explanation:
        """Say what the policies in force decide and why; see ``explain.explain``."""
        snapshot = self._snapshot
        return explain(snapshot.policies, snapshot.groups, question, self._clock)

    def _refuse(self, policies: Policies, action: str, verdict: Verdict) -> NoReturn:
        if verdict.errors:
            self._fail(action)
        told = {"policies": ",".join(verdict.policies[:_MAX_NAMED])}
        limits = policies.spend_limits(verdict.policies)
        if limits:
            raise SpendLimit(metadata={**told, "limits": ",".join(limits[:_MAX_NAMED])})
        self._meter.count(Event.POLICY_DENIED, action)
        raise PolicyDenied(metadata=told)

    def _fail(self, action: str) -> NoReturn:
        """Deny, since nobody can tell what the policies say; never with Cedar's own words."""
        self._meter.count(Event.POLICY_ERROR, action)
        self._errors.add(action)
        raise PolicyError
