"""An answer for people and for programs: which policies decided, and what they saw."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import cast

from signward_server.cli.policy.answering import Answer, Step
from signward_server.config.problems import printable

__all__ = ["as_dictionary", "as_text"]

_INDENT = 11


def as_dictionary(answer: Answer) -> dict[str, object]:
    """Return an answer for ``--json``."""
    error = answer.error
    return {
        "allowed": error is None,
        "reason": answer.reason,
        "detail": answer.detail,
        "fields": {v.field: v.description for v in error.violations} if error else {},
        "steps": [_step(step) for step in answer.steps],
    }


def _step(step: Step) -> dict[str, object]:
    told = step.explanation
    return {
        "action": step.action,
        "allowed": told.allowed,
        "why": told.reason,
        "policies": list(told.policies),
        "errors": list(told.errors),
        "evaluated": list(told.in_scope),
        "reads": list(told.reads),
        "cacheable": told.cacheable,
        "limits": list(told.limits),
        "request": dict(told.request),
        "context": dict(told.context),
        "entities": [dict(entity) for entity in told.entities],
    }


def as_text(answer: Answer) -> str:
    """Return an answer for people, without a newline at its end."""
    lines = [f"not allowed: {answer.reason}" if answer.error else "allowed"]
    if answer.error and not _is_told(answer):
        lines[0] += f", {answer.detail}"
    for step in answer.steps:
        lines += ["", *_decision(step)]
    if answer.steps:
        lines += ["", *_seen(answer.steps[-1])]
    return "\n".join(map(printable, lines))


def _is_told(answer: Answer) -> bool:
    """Return whether the last decision says all of why it is not allowed."""
    return bool(answer.steps) and not answer.steps[-1].explanation.allowed


def _decision(step: Step) -> Iterator[str]:
    told = step.explanation
    yield f"{step.action}: {told.reason}"
    yield _line("decided", ", ".join(told.policies) or "no policy")
    yield _line("evaluated", ", ".join(told.in_scope) or "no policy")
    if told.cacheable:
        yield _line("cost", "decided once, until policies, groups or the key change")
    elif told.reads:
        names = "all of the context" if told.reads == ("*",) else ", ".join(told.reads)
        yield _line("cost", f"decided each time, since policies read {names}")
    for error in told.errors:
        yield _line("error", " ".join(error.split()))


def _seen(step: Step) -> Iterator[str]:
    """Yield what policies could see, an attribute a line."""
    told = step.explanation
    yield "what the policies could see"
    entities = [cast("Mapping[str, dict[str, object]]", entity) for entity in told.entities]
    for variable in ("principal", "resource"):
        uid = told.request.get(variable)
        found = next((entity for entity in entities if entity.get("uid") == uid), None)
        if found is not None:
            yield _line(variable, _uid(found["uid"]))
            yield from _entity(variable, found)
    for name, value in told.context.items():
        yield from _attribute(f"context.{name}", value)


def _entity(variable: str, entity: Mapping[str, object]) -> Iterator[str]:
    parents = cast("list[Mapping[str, object]]", entity.get("parents", []))
    for parent in parents:
        yield _line("", f"in {_uid(parent)}")
    if variable == "resource":
        for name, value in cast("Mapping[str, object]", entity["attrs"]).items():
            yield from _attribute(f"resource.{name}", value)
        for name, label in cast("Mapping[str, object]", entity.get("tags", {})).items():
            yield _line("", f"resource.getTag({_quoted(name)}) = {_quoted(label)}")


def _attribute(name: str, value: object) -> Iterator[str]:
    if isinstance(value, Mapping) and "__extn" in value:
        extension = cast("Mapping[str, str]", value["__extn"])
        yield _line("", f"{name} = {extension['fn']}({_quoted(extension['arg'])})")
    elif isinstance(value, Mapping) and value.keys() == {"type", "id"}:
        yield _line("", f"{name} = {_uid(value)}")
    elif isinstance(value, Mapping):
        for inner, part in value.items():
            yield from _attribute(f"{name}.{inner}", part)
    else:
        yield _line("", f"{name} = {_quoted(value)}")


def _uid(uid: Mapping[str, object]) -> str:
    return f"{uid['type']}::{_quoted(uid['id'])}"


def _quoted(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _line(name: str, text: str) -> str:
    return f"  {name:<{_INDENT}}{text}"
