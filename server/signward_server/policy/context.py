"""What policies see of a call beyond the caller and the key: Cedar's context.

Built from typed values, attribute by attribute; nothing that a caller sent becomes an
object of it (S10). Only what is read is built: a date costs Cedar more than the decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from signward_server.core.actions import MAX_NUMBER, ActionKind
from signward_server.core.address_ranges import address_in
from signward_server.core.keys import KeyVersion
from signward_server.core.ports import Clock
from signward_server.core.signing import IntentValue
from signward_server.policy.question import Question, Unfit
from signward_server.policy.reads import EVERYTHING

__all__ = ["Wanted", "context_of", "wanted"]


Wanted = Mapping[str, frozenset[str]]
"""Attributes of the context, and which of their fields; ``*`` for all."""

_WHOLE = frozenset({"*"})
_ATTRIBUTES = ("authentication", "address", "time", "version", "approved", "window")


def wanted(reads: frozenset[str], kind: ActionKind) -> Wanted:
    """Return what ``context_of`` must build for what is read (``reads.joined``)."""
    if reads == EVERYTHING:
        return dict.fromkeys((*_ATTRIBUTES, kind.record), _WHOLE)
    fields: dict[str, set[str]] = {}
    for path in reads:
        attribute, _, name = path.partition(".")
        fields.setdefault(attribute, set()).add(name or "*")
    return {attribute: frozenset(names) for attribute, names in fields.items()}


def context_of(
    attributes: Wanted,
    question: Question,
    kind: ActionKind,
    clock: Clock,
) -> dict[str, object]:
    """Return those attributes of the context in Cedar's JSON form, as far as there are such.

    Args:
        attributes: Which ones.
        question: What is asked; ``require_subject`` and ``require_intent`` have passed.
        kind: Its action.
        clock: The time, read once if at all.

    Raises:
        Unfit: The caller's address is none, or a total is missing or out of range.
    """
    caller, intent = question.caller, question.intent
    context: dict[str, object] = {}
    if "authentication" in attributes:
        context["authentication"] = caller.authentication.value
    if "address" in attributes and caller.address:
        context["address"] = _extension("ip", _address(caller.address))
    if "time" in attributes:
        context["time"] = _extension("datetime", _time(clock.now()))
    if question.version is None or intent is None:
        return context
    if "version" in attributes:
        context["version"] = _version(question.version)
    if kind.restricted and "approved" in attributes:
        context["approved"] = question.approved
    if kind.record in attributes:
        context[kind.record] = _fields(attributes[kind.record], intent.fields)
    if kind.windows and "window" in attributes:
        totals = _window(kind.windows, question.totals or {})
        context["window"] = _fields(attributes["window"], totals)
    return context


def _fields(names: frozenset[str], record: Mapping[str, IntentValue]) -> dict[str, IntentValue]:
    if "*" in names:
        return dict(record)
    return {name: record[name] for name in names if name in record}


def _extension(function: str, argument: str) -> dict[str, object]:
    return {"__extn": {"fn": function, "arg": argument}}


def _address(text: str) -> str:
    """Return an address as Cedar takes it: without a zone, and no IPv4 within IPv6."""
    address = address_in(text)
    if address is None:
        raise Unfit("the caller's address is none")
    return str(address)


def _time(now: datetime) -> str:
    text = now.astimezone(UTC).isoformat(timespec="milliseconds")
    return f"{text.removesuffix('+00:00')}Z"


def _version(version: KeyVersion) -> dict[str, object]:
    return {"number": version.version, "state": version.state.name.lower()}


def _window(windows: Sequence[str], totals: Mapping[str, int]) -> dict[str, int]:
    window: dict[str, int] = {}
    for name in windows:
        total = totals.get(name)
        if type(total) is not int or not 0 <= total <= MAX_NUMBER:
            raise Unfit("a windowed total is missing or out of range")
        window[name] = total
    return window
