"""Policies, checked as a whole: valid against the schema, or refused with every reason."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence

import cedarpy

from signward_server.core.actions import ActionKind
from signward_server.policy.parsed import ParsedPolicy, parse
from signward_server.policy.policies import Policies
from signward_server.policy.reads import EVERYTHING
from signward_server.policy.schema import schema_text
from signward_server.policy.statements import PolicySource, Problem

__all__ = [
    "Policies",
    "PoliciesRefused",
    "PolicySource",
    "Problem",
    "compile_policies",
    "version_of",
]

_MAX_SIZE = 1024 * 1024  # characters, of all files
_MAX_POLICIES = 500  # 60 ms in which nothing is signed
_MAX_PROBLEMS = 20  # nothing after that is looked at

_is_source_name = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}").fullmatch
_positional = re.compile(r"policy(\d+)").fullmatch


class PoliciesRefused(Exception):  # noqa: N818  # a finding about files, shown to an operator
    """These policies are not put into force.

    Args:
        problems: Everything that is wrong, in order of file and line.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)


def compile_policies(sources: Iterable[PolicySource], kinds: Iterable[ActionKind]) -> Policies:
    """Return the policies of these files, if all of them are valid.

    Args:
        sources: The files, in any order.
        kinds: Every action: ``core.actions.RPC_ACTIONS`` and those of the chains.

    Raises:
        PoliciesRefused: Anything is wrong with any of them.
        ValueError: The kinds make no schema.
    """
    by_name = {kind.name: kind for kind in kinds}
    text = schema_text(by_name.values())
    schema = cedarpy.Schema.from_str(text)
    ordered = _ordered(sources)
    _refuse(_misshapen(ordered))
    policies = _parsed(ordered)
    _refuse(_crowded(policies))
    _refuse(_unlimited(policies, by_name.values()))
    _refuse(_invalid(policies, schema))
    by_id = {policy.id: policy for policy in policies}
    return Policies(by_id, by_name, schema, _version(text, ordered))


def version_of(sources: Iterable[PolicySource], kinds: Iterable[ActionKind]) -> str:
    """Return the version that ``compile_policies`` would give, without looking at a policy."""
    return _version(schema_text(kinds), _ordered(sources))


def _ordered(sources: Iterable[PolicySource]) -> list[PolicySource]:
    return sorted(sources, key=lambda source: source.name)


def _version(schema: str, ordered: Sequence[PolicySource]) -> str:
    content = json.dumps([schema, [(source.name, source.text) for source in ordered]])
    return hashlib.sha256(content.encode()).hexdigest()


def _refuse(problems: Iterable[Problem]) -> None:
    """Return if there are none.

    Raises:
        PoliciesRefused: There are some.
    """
    found = tuple(problems)
    if found:
        raise PoliciesRefused(found)


def _misshapen(sources: Sequence[PolicySource]) -> Iterator[Problem]:
    names = [source.name for source in sources]
    for name in sorted(set(names)):
        if not _is_source_name(name):
            rule = "a file of policies is named [A-Za-z0-9_][A-Za-z0-9._-]{0,63}"
            yield Problem(name, 0, "", rule)
        if names.count(name) > 1:
            yield Problem(name, 0, "", "two files have this name")
    if sum(len(source.text) for source in sources) > _MAX_SIZE:
        yield Problem("", 0, "", f"the policies are larger than {_MAX_SIZE} characters")


def _parsed(sources: Iterable[PolicySource]) -> list[ParsedPolicy]:
    policies: list[ParsedPolicy] = []
    problems: list[Problem] = []
    for result in (result for source in sources for result in parse(source)):
        if isinstance(result, Problem):
            problems.append(result)
        else:
            policies.append(result)
        if len(problems) == _MAX_PROBLEMS or len(policies) > _MAX_POLICIES:
            break
    _refuse(problems)
    return policies


def _crowded(policies: Sequence[ParsedPolicy]) -> Iterator[Problem]:
    if len(policies) > _MAX_POLICIES:
        yield Problem("", 0, "", f"more than {_MAX_POLICIES} policies")
    first: dict[str, ParsedPolicy] = {}
    for policy in policies:
        other = first.setdefault(policy.id, policy)
        if other is not policy:
            taken = f"this id is that of {other.source}:{other.line}"
            yield Problem(policy.source, policy.line, policy.id, taken)


def _unlimited(policies: Sequence[ParsedPolicy], kinds: Iterable[ActionKind]) -> Iterator[Problem]:
    """Yield spend limits that are none."""
    windows = {name for kind in kinds for name in kind.windows}
    for policy in policies:
        name = policy.spend_limit
        where = policy.source, policy.line, policy.id
        if name and name not in windows:
            text = f"there is no cap {name!r} for its @spend_limit"
            yield Problem.quoting(*where, f"{text}: the configuration has no [caps.{name}]")
        elif name and policy.reads.isdisjoint({f"window.{name}", "window", *EVERYTHING}):
            yield Problem.quoting(
                *where, f"its @spend_limit names {name!r}, which it does not read"
            )


def _invalid(policies: Sequence[ParsedPolicy], schema: cedarpy.Schema) -> Iterator[Problem]:
    """Yield what Cedar's validator finds, in strict mode."""
    text = "\n".join(policy.text for policy in policies)
    result = cedarpy.validate_policies(text, schema, release_gil=True)
    for error in result.errors[:_MAX_PROBLEMS]:
        match = _positional(error.policy_id)
        if match is None:
            yield Problem.quoting("", 0, "", error.error)
            continue
        policy = policies[int(match[1])]
        words = error.error.removeprefix(f"for policy `{error.policy_id}`, ")
        yield Problem.quoting(policy.source, policy.line, policy.id, words)
    if not result.validation_passed and not result.errors:
        yield Problem("", 0, "", "not valid against the schema")
