"""A folder of policies, read and checked against everything that this release can do."""

from __future__ import annotations

from pathlib import Path

from signward_server.chains import all_chains
from signward_server.config import ConfigurationError, Problem
from signward_server.core.actions import RPC_ACTIONS, ActionKind
from signward_server.home.policy_files import read_policies
from signward_server.policy.compiled import (
    Policies,
    PoliciesRefused,
    compile_policies,
    version_of,
)

__all__ = ["all_kinds", "load_policies"]

_SCHEMA = "see `signward policy schema` for what policies can name"


def all_kinds() -> tuple[ActionKind, ...]:
    """Return every action of this release."""
    signing = (kind for chain in all_chains().values() for kind in chain.actions)
    return (*RPC_ACTIONS, *signing)


def load_policies(folder: Path, *, guarded: bool = True, known: Policies | None = None) -> Policies:
    """Return the policies of a folder.

    Args:
        folder: Absolute.
        guarded: Whether to refuse what others can change; see ``read_policies``.
        known: Returned itself if the folder holds just these: compiling takes a millisecond
            for each policy.

    Raises:
        ConfigurationError: With every problem of the files and of what they say.
    """
    sources, kinds = read_policies(folder, guarded=guarded), all_kinds()
    if known is not None and known.version == version_of(sources, kinds):
        return known
    try:
        return compile_policies(sources, kinds)
    except PoliciesRefused as exc:
        raise ConfigurationError(_explained(exc, folder)) from exc


def _explained(refused: PoliciesRefused, folder: Path) -> list[Problem]:
    problems = []
    for problem in refused.problems:
        source = str(folder / problem.source) if problem.source else str(folder)
        if problem.line:
            source += f":{problem.line}"
        policy = f"policy {problem.policy}:" if problem.policy else ""
        problems.append(Problem(source, policy, problem.text.rstrip("."), _SCHEMA))
    return problems
