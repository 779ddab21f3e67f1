"""The refusals that approvals are asked for with, as the audit log has them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from signward.audit.intents import RecordedIntent, intents_of
from signward.audit.reading import RecordFilter
from signward.audit.records import Record, format_time
from signward.cli.audit.online import every_log, listed
from signward.client import Client
from signward.errors import PermissionDenied

__all__ = ["LOOKED_AT", "described", "refusal_of"]

LOOKED_AT = 100_000
"""How many of the newest records of each log are looked at; each 20,000 are a call."""

_REFUSED = RecordFilter(outcome="POLICY_DENIED", event="signature")
_UNITS = "SignHyperliquid"  # actions whose amounts are whole numbers of 10^-8


def refusal_of(client: Client, digest: str) -> Record | None:
    """Return the newest refusal that names a digest, of all logs; nothing is verified.

    Args:
        client: Asks the daemon.
        digest: The ``approval_digest``, in lower case.

    Raises:
        SignwardError: The daemon does not show its records.
        AuditError: What it shows is none.
    """
    found = [
        record
        for log in every_log(client, "")
        for _, record in listed(client, _REFUSED, _start(client, log), log=log)
        if record.note == f"approval_digest {digest}"
    ]
    return max(found, key=lambda record: record.time, default=None)


def described(record: Record) -> Iterator[str]:
    """Yield what was asked for, line by line."""
    yield f"{record.identity} asked for this at {format_time(record.time)}:"
    yield f"key {record.key}, version {record.version}"
    items = list(intents_of(record)) or [RecordedIntent(record.action, {})]
    for item in items:
        yield item.action
        yield from (f"  {name}: {_shown(item.fields[name])}" for name in _given(item.fields))
    if record.more_left:
        yield f"and {record.more_left} more, for which the record has no room"
    if record.action.startswith(_UNITS):
        yield "(amounts, prices and sizes are in units of 0.00000001)"


def _given(fields: Mapping[str, object]) -> Iterator[str]:
    """Yield the names of fields, but of those that are empty texts."""
    return (name for name in fields if fields[name] != "")


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _start(client: Client, log: str) -> int:
    try:
        size = client.admin.get_checkpoint(log=log).size
    except PermissionDenied:
        return 0
    return max(0, size - LOOKED_AT)
