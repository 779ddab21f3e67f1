"""The log's own word that retention removed its beginning."""

from __future__ import annotations

from signward.audit.errors import RecordError
from signward.audit.records import decode_record

__all__ = ["retained_from"]

_EVENT = "retained"
_BYTES = b'"event":"retained"'


def retained_from(body: bytes) -> int:
    """Return which record the log begins with from now on, if a record says so; else -1.

    The daemon writes such a record before it removes a segment; ``details.first`` is the oldest
    record that stays.
    """
    if _BYTES not in body:
        return -1
    try:
        record = decode_record(body)
    except RecordError:
        return -1
    if record.event != _EVENT:
        return -1
    first = record.details.get("first")
    return first if isinstance(first, int) else -1
