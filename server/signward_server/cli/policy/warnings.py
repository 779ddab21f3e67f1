"""What is valid in a set of policies, and probably not meant."""

from __future__ import annotations

from collections.abc import Iterator

from signward_server.cli.policy.loading import Rules
from signward_server.config.problems import Problem
from signward_server.core.identity_names import identity_of
from signward_server.policy.parsed import ParsedPolicy

__all__ = ["warnings"]

_NAME_THEM = "name the actions, `action in [Action::...]`"
_BESIDE = "apikey"  # of no certificate


def warnings(rules: Rules) -> Iterator[Problem]:
    """Yield what an operator should look at again."""
    policies = list(rules.policies.policies.values())
    if not any(policy.permits for policy in policies):
        text = "permits nothing to anybody"
        yield Problem(str(rules.folder), "", text, "add a policy that starts with permit")
    for policy in policies:
        yield from _of_policy(rules, policy)
    if rules.settings is not None:
        yield from _of_groups(rules)


def _of_policy(rules: Rules, policy: ParsedPolicy) -> Iterator[Problem]:
    where = (f"{rules.folder / policy.source}:{policy.line}", f"policy {policy.id}:")
    if not policy.permits or policy.scope.names_action:
        return
    if _is_open(policy):
        yield Problem(*where, "permits everything to everybody", "say whom, what and when")
    else:
        text = "permits every action, those of later releases included"
        yield Problem(*where, text, _NAME_THEM)


def _is_open(policy: ParsedPolicy) -> bool:
    parts = (policy.json.get(part) for part in ("principal", "resource"))
    anything = all(part == {"op": "All"} for part in parts)
    return anything and not policy.json.get("conditions")


def _of_groups(rules: Rules) -> Iterator[Problem]:
    """Yield members that can never call."""
    settings = rules.settings
    if settings is None:
        return
    kind = settings.tls.identity
    for name, texts in sorted((settings.groups.model_extra or {}).items()):
        for text in texts:
            identity = identity_of(text)
            if identity and identity.kind.value not in (kind, _BESIDE):
                finding = f"has the member {text}, but tls.identity is {kind}"
                yield Problem("configuration", f"groups.{name}", finding, "write the other kind")
