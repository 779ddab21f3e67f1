"""What policies see of a call beyond the caller and the key: Cedar's context.

Built from typed values, attribute by attribute; nothing that a caller sent becomes an
object of it (S10). Only what is read is built: a date costs Cedar more than the decision.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from signward_server.core.actions import ActionKind
from signward_server.core.keys import KeyVersion
from signward_server.core.ports import Clock
from signward_server.policy.question import MAX_NUMBER, Question, Unfit
from signward_server.policy.reads import EVERYTHING

__all__ = ["context_of"]


def context_of(
    reads: frozenset[str],
    question: Question,
    kind: ActionKind,
    windows: Sequence[str],
    clock: Clock,
) -> dict[str, object]:
    """Return those attributes of the context that are read, in Cedar's JSON form.

    Args:
        reads: Which ones; ``EVERYTHING`` for all.
        question: What is asked; ``require_subject`` and ``require_intent`` have passed.
        kind: Its action.
        windows: Names of the windowed totals.
        clock: The time, read once if at all.

    Raises:
        Unfit: The caller's address is none, or a total is missing or out of range.
    """
    every = reads is EVERYTHING
    caller = question.caller
    context: dict[str, object] = {}
    if every or "authentication" in reads:
        context["authentication"] = caller.authentication.value
    if (every or "address" in reads) and caller.address:
        context["address"] = _extension("ip", _address(caller.address))
    if every or "time" in reads:
        context["time"] = _extension("datetime", _time(clock.now()))
    if question.version is not None and question.intent is not None:
        if every or "version" in reads:
            context["version"] = _version(question.version)
        if every or kind.record in reads:
            context[kind.record] = dict(question.intent.fields)
        if windows and (every or "window" in reads):
            context["window"] = _window(windows, question.totals or {})
    return context


def _extension(function: str, argument: str) -> dict[str, object]:
    return {"__extn": {"fn": function, "arg": argument}}


def _address(text: str) -> str:
    """Return an address as Cedar takes it; IPv4 within IPv6 (RFC 4291, 2.5.5.2) is IPv4."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError as error:
        raise Unfit("the caller's address is none") from error
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


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
