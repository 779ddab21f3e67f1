"""A folder of policies, read and checked against everything that this release can do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from signward_server.chains import all_chains
from signward_server.config import ConfigurationError, Problem
from signward_server.core.actions import RPC_ACTIONS, ActionKind
from signward_server.core.caps import Cap, capped
from signward_server.home.policy_files import read_policies
from signward_server.policy.compiled import (
    Policies,
    PoliciesRefused,
    compile_policies,
    version_of,
)

__all__ = ["all_kinds", "load_policies", "require_groups"]

_SCHEMA = "see `signward policy schema` for what policies can name"


def all_kinds(caps: Iterable[Cap] = ()) -> tuple[ActionKind, ...]:
    """Return every action of this release, with the windowed totals that caps give to it."""
    signing = (kind for chain in all_chains().values() for kind in chain.actions)
    return capped((*RPC_ACTIONS, *signing), caps)


def load_policies(
    folder: Path,
    caps: Iterable[Cap] = (),
    *,
    guarded: bool = True,
    known: Policies | None = None,
) -> Policies:
    """Return the policies of a folder.

    Args:
        folder: Absolute.
        caps: Those of the configuration.
        guarded: Whether to refuse what others can change; see ``read_policies``.
        known: Returned itself if the folder holds just these: compiling takes a millisecond
            for each policy.

    Raises:
        ConfigurationError: With every problem of the files and of what they say.
    """
    sources, kinds = read_policies(folder, guarded=guarded), all_kinds(caps)
    if known is not None and known.version == version_of(sources, kinds):
        return known
    try:
        return compile_policies(sources, kinds)
    except PoliciesRefused as exc:
        raise ConfigurationError(_explained(exc, folder)) from exc


def require_groups(policies: Policies, groups: Collection[str], folder: Path) -> None:
    """Return if every group that a policy names is configured, be it for nobody.

    A ``forbid`` whose group is misspelt would forbid nothing.

    Args:
        policies: The policies.
        groups: Names of the configured groups.
        folder: Where the policies came from.

    Raises:
        ConfigurationError: Names each policy and group.
    """
    missing = policies.groups.difference(groups)
    if missing:
        raise ConfigurationError(list(_unknown(policies, missing, folder)))


def _unknown(policies: Policies, missing: Collection[str], folder: Path) -> Iterator[Problem]:
    for policy in policies.policies.values():
        for type_, name in sorted(policy.entities):
            if type_ == "Group" and name in missing:
                where = f"{folder / policy.source}:{policy.line}"
                text = f"names the group {name}, which [groups] does not have"
                fix = f"correct it, or add it to the configuration; `{name} = []` is for nobody"
                yield Problem(where, f"policy {policy.id}:", text, fix)


def _explained(refused: PoliciesRefused, folder: Path) -> list[Problem]:
    problems = []
    for problem in refused.problems:
        source = str(folder / problem.source) if problem.source else str(folder)
        if problem.line:
            source += f":{problem.line}"
        policy = f"policy {problem.policy}:" if problem.policy else ""
        problems.append(Problem(source, policy, problem.text.rstrip("."), _SCHEMA))
    return problems
