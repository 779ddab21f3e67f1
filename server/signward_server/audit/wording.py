"""How the parts of a record are written: in full, or shortened where it would be too long."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from json.encoder import encode_basestring_ascii as quoted
from typing import TypeAlias

from signward_server.core.ports import AuditEntry, Call
from signward_server.core.signing import IntentValue

__all__ = [
    "Quote",
    "caller",
    "quoted",
    "short_name",
    "short_object",
    "short_text",
    "subject",
    "value_of",
]

_CUT = "…"
_MOST_LISTED = 8  # of a list or an object, once something is too long
_SHORT = 64  # characters of a text then
_SHORT_CALLER = 400  # characters of the caller's name then

Quote: TypeAlias = Callable[[str], str]
"""Returns a text as JSON has it, in ASCII; ``quoted`` does so in full."""


def caller(call: Call, text: Quote) -> str:
    """Return who calls what, from where."""
    fields = (
        ("identity", str(call.identity)),
        ("authentication", str(call.authentication)),
        ("peer", call.address),
        ("method", call.method),
    )
    return "".join([f',"{name}":{text(value)}' for name, value in fields if value])


def subject(entry: AuditEntry, text: Quote) -> str:
    """Return what is asked for, and what the policies say about it."""
    parts = []
    if entry.action:
        parts.append(f',"action":{text(entry.action)}')
    if entry.key:
        parts.append(f',"key":{text(entry.key)}')
    if entry.version:
        parts.append(f',"version":{entry.version}')
    if entry.decision:
        parts.append(f',"decision":"{entry.decision}"')
    if entry.policies:
        most = None if text is quoted else _MOST_LISTED
        parts.append(f',"policies":[{",".join(map(text, entry.policies[:most]))}]')
    if entry.policy_set:
        parts.append(f',"policy_set":{text(entry.policy_set)}')
    return "".join(parts)


def short_object(fields: Mapping[str, IntentValue]) -> str:
    """Return some of the fields, in the order of their names."""
    names = sorted(fields)[:_MOST_LISTED]
    shown = {_shorter(name): value_of(fields[name], short_text) for name in names}
    return f"{{{','.join(f'{quoted(name)}:{shown[name]}' for name in sorted(shown))}}}"


def value_of(value: IntentValue, text: Quote) -> str:
    """Return the value of a field."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _shorter(text: str, longest: int = _SHORT) -> str:
    return text if len(text) <= longest else text[: longest - 1] + _CUT


def short_text(text: str) -> str:
    """Return a text, or its beginning."""
    return quoted(_shorter(text))


def short_name(text: str) -> str:
    """Return what says who calls, or its beginning, which is longer."""
    return quoted(_shorter(text, _SHORT_CALLER))
