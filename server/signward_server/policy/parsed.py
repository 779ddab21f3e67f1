"""One policy: parsed, named, and what can be told from its text alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cedarpy

from signward_server.core.identity_names import identity_of
from signward_server.policy.reads import context_reads
from signward_server.policy.schema import SERVER_ID
from signward_server.policy.scope import Scope, Uid, scope_of
from signward_server.policy.statements import PolicySource, Problem, Statement, cut

__all__ = ["ParsedPolicy", "parse", "policy_set"]

_TOO_DEEP = "its expressions nest too deep; lists take [..].contains(..)"

_is_id = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}").fullmatch


@dataclass(frozen=True, slots=True)
class ParsedPolicy:
    """One policy.

    Attributes:
        id: Its ``@id``, or ``<file>#<number in it>``.
        source: Name of its file.
        line: Line in it, from 1.
        text: Its text, with the comments before it.
        json: Its JSON form, Cedar's.
        permits: Whether it is a ``permit``.
        scope: What it is about.
        reads: What it reads of the context, see ``reads.context_reads``.
        entities: Entities that it names.
        spend_limit: The cap that a ``forbid`` says it enforces; empty for none.
    """

    id: str
    source: str
    line: int
    text: str
    json: dict[str, object]
    permits: bool
    scope: Scope
    reads: frozenset[str]
    entities: frozenset[Uid]
    spend_limit: str = ""


def parse(source: PolicySource) -> Iterator[ParsedPolicy | Problem]:
    """Yield the policies of a file, and what is wrong with those that are none."""
    number = 0
    for statement in cut(source.text):
        problem = statement.problem
        policies: list[dict[str, object]] = []
        if not problem:
            policies, problem = _policies(statement)
        if problem:
            yield Problem.quoting(source.name, statement.line, "", problem)
        for policy in policies:
            number += 1
            yield _named(policy, f"{source.name}#{number}", source, statement)


def policy_set(policies: Iterable[ParsedPolicy]) -> cedarpy.PolicySet:
    """Return these policies for Cedar, under our ids."""
    return _set({policy.id: policy.json for policy in policies})


def _set(policies: dict[str, dict[str, object]]) -> cedarpy.PolicySet:
    document = {"templates": {}, "staticPolicies": policies, "templateLinks": []}
    return cedarpy.PolicySet.from_json_str(json.dumps(document))


def _policies(statement: Statement) -> tuple[list[dict[str, object]], str]:
    """Return the one policy of a statement, none for a rest without any, or a problem."""
    try:
        parsed = json.loads(cedarpy.policies_to_json_str(statement.text))
    except RecursionError:
        return [], _TOO_DEEP
    except ValueError as error:
        return [], str(error)
    if parsed["templates"] or parsed["templateLinks"]:
        return [], "templates are not supported: name the entities"
    policies = list(parsed["staticPolicies"].values())
    if len(policies) != (1 if statement.complete else 0):
        return [], "not one policy that ends with a semicolon"
    try:
        _set(parsed["staticPolicies"])
    except ValueError:  # Cedar reads 128 levels of JSON
        return [], _TOO_DEEP
    return policies, ""


def _named(
    policy: dict[str, object], name: str, source: PolicySource, statement: Statement
) -> ParsedPolicy | Problem:
    annotations = policy.get("annotations") or {}
    if not isinstance(annotations, dict):
        annotations = {}
    if "id" in annotations:
        name = annotations["id"] or ""
        if not _is_id(name):
            rule = "an @id must match [A-Za-z0-9][A-Za-z0-9._-]{0,63}"
            return Problem(source.name, statement.line, "", rule)
    limit, permits = annotations.get("spend_limit", ""), policy["effect"] == "permit"
    if "spend_limit" in annotations and (permits or not limit):
        rule = "a @spend_limit stands on a forbid, and names a cap"
        return Problem(source.name, statement.line, name, rule)
    entities = frozenset(_entities(policy))
    strangers = [_stranger(uid) for uid in sorted(entities)]
    for stranger in filter(None, strangers):
        return Problem(source.name, statement.line, name, stranger)
    return ParsedPolicy(
        id=name,
        source=source.name,
        line=statement.line,
        text=statement.text,
        json=policy,
        permits=permits,
        scope=scope_of(policy),
        reads=context_reads(policy.get("conditions")),
        entities=entities,
        spend_limit=limit,
    )


def _entities(policy: dict[str, object]) -> Iterator[Uid]:
    """Yield every entity that a policy names, in its scope and in its conditions."""
    pending: list[object] = [policy]
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending.extend(node)
        elif isinstance(node, dict):
            match node:
                case {"type": str() as type_, "id": str() as id_}:
                    yield type_, id_
            pending.extend(node.values())


def _stranger(uid: Uid) -> str:
    """Say why no caller and no server can be this entity; empty if one can.

    A policy with a name that nothing ever has would pass unseen, and a ``forbid`` with one
    would forbid nothing.
    """
    type_, id_ = uid
    if type_ == "Identity" and identity_of(id_) is None:
        return f"no caller can be Identity::{json.dumps(id_)}: write it like cn:bot"
    if type_ == "Server" and id_ != SERVER_ID:
        return f'the only server is Server::"{SERVER_ID}"'
    return ""
