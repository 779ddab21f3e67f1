"""Requests about the audit log, checked for form."""

from __future__ import annotations

import re
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp
from signward.v1 import audit_pb2 as pb

from signward_server.core.audit_events import AuditEvent
from signward_server.flows.audit_records import AuditFilter
from signward_server.rpc.convert.fields import Fields
from signward_server.rpc.convert.times import moment

__all__ = ["audit_filter"]

_OUTCOME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_EVENTS = frozenset(AuditEvent)


def audit_filter(fields: Fields, message: pb.AuditFilter) -> AuditFilter:
    """Check which records are wanted."""
    identity = fields.identity("filter.identity", message.identity)
    key = message.key and fields.key_id("filter.key", message.key)
    if message.outcome and not _OUTCOME.fullmatch(message.outcome):
        fields.note("filter.outcome", "Must be OK or the reason of an error.")
    if message.event and message.event not in _EVENTS:
        fields.note("filter.event", f"Must be one of {', '.join(_EVENTS)}.")
    since = _time(fields, "filter.since", message, message.since)
    until = _time(fields, "filter.until", message, message.until)
    if since is not None and until is not None and until <= since:
        fields.note("filter.until", "Must be later than since.")
    return AuditFilter(
        identity=identity,
        key=key,
        outcome=message.outcome,
        event=message.event,
        since=since,
        until=until,
    )


def _time(
    fields: Fields, field: str, message: pb.AuditFilter, timestamp: Timestamp
) -> datetime | None:
    if not message.HasField(field.rpartition(".")[2]):  # type: ignore[arg-type]  # a name that it has
        return None
    found = moment(timestamp)
    if found is None:
        fields.note(field, "Must be a time of the calendar.")
    return found
