"""Records: one line of evidence each, as JSON that can be written in one way only.

This encoder is the reference: it checks all it is given. A quicker one has to give the same
bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Final

from signward.audit.errors import RecordError
from signward.audit.framing import MAX_RECORD

__all__ = ["DECISIONS", "Record", "decode_record", "encode_record", "format_time"]

DECISIONS: Final = frozenset({"allow", "deny", "error"})
_MAX_NUMBER = (1 << 63) - 1
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What happened. Fields are written in this order, and left out where empty or zero.

    Attributes:
        seq: Number of the record in its log, from 0; always written.
        time: When, in UTC, to the microsecond; always written.
        event: What kind of record this is; always written.
        outcome: ``OK`` or the reason of a refusal.
        identity: The caller, with its kind (``spiffe:...``).
        authentication: How it proved that.
        peer: Address that it called from.
        method: Full name of the RPC.
        action: Policy action.
        key: Key id.
        version: Key version.
        decision: ``allow``, ``deny`` or ``error``.
        policies: Ids of the policies that decided.
        policy_set: Hash of the policies in force.
        intent: Fields of the decoded payload; whole numbers, texts, booleans, lists and objects.
        more: Of a payload that carries several things what each further one has, see
            ``intents.intents_of``.
        more_left: How many of them were left out, for want of room.
        more_digest: SHA-256 of all of them, in hex, where some were left out.
        approver: Who approved exactly this, with its kind.
        digest: SHA-256 of the signed bytes, in hex.
        nonce: Nonce that was signed.
        request_id: The caller's name for the request.
        trace_id: 32 hex digits.
        duration_us: How long it took, in microseconds.
        count: How many such events this record stands for.
        details: Of events of the log itself.
        note: The caller's reason.
    """

    seq: int
    time: datetime
    event: str
    outcome: str = ""
    identity: str = ""
    authentication: str = ""
    peer: str = ""
    method: str = ""
    action: str = ""
    key: str = ""
    version: int = 0
    decision: str = ""
    policies: tuple[str, ...] = ()
    policy_set: str = ""
    intent: Mapping[str, Any] = field(default_factory=dict)
    more: tuple[Mapping[str, Any], ...] = ()
    more_left: int = 0
    more_digest: str = ""
    approver: str = ""
    digest: str = ""
    nonce: int = 0
    request_id: str = ""
    trace_id: str = ""
    duration_us: int = 0
    count: int = 0
    details: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


_NAMES: Final = tuple(each.name for each in fields(Record))


def format_time(time: datetime) -> str:
    """Return a time as records have it: ``2026-01-31T23:59:59.000001Z``."""
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def encode_record(record: Record) -> bytes:
    r"""Return the one way to write a record.

    JSON in ASCII without spaces: quotes and backslashes escaped, ``\b \t \n \f \r`` as such,
    everything else below U+0020 or above U+007E as ``\uXXXX`` in lower-case hex (surrogates
    of their own included), objects with their keys in order of their code points.

    Raises:
        RecordError: A field has a value that it cannot have, or the record is too long.
    """
    given = {}
    for name in _NAMES:
        value = getattr(record, name)
        if name in ("seq", "time", "event") or value:
            if not _CHECKS[name](value):
                raise RecordError(f"the field {name} cannot be this")
            given[name] = value
    given["time"] = format_time(record.time)
    for name in ("intent", "more", "details"):
        if name in given:
            given[name] = _sorted(given[name])
    body = json.dumps(given, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    if len(body) > MAX_RECORD:
        raise RecordError("the record is too long")
    return body


def decode_record(body: bytes) -> Record:
    """Read a record.

    Raises:
        RecordError: It is none, or not written in the one way that it has.
    """
    try:
        given = json.loads(body.decode("ascii"), parse_float=_no_float, parse_constant=_no_float)
    except (ValueError, RecursionError) as error:
        raise RecordError("the record is not JSON in ASCII") from error
    if not isinstance(given, dict) or not {"seq", "time", "event"} <= given.keys() <= {*_NAMES}:
        raise RecordError("the record has not the fields of a record")
    if not isinstance(given["time"], str) or not _TIME.fullmatch(given["time"]):
        raise RecordError("the field time cannot be this")
    for name in ("policies", "more"):
        if isinstance(given.get(name), list):
            given[name] = tuple(given[name])
    try:
        given["time"] = datetime.fromisoformat(given["time"])
    except ValueError as error:
        raise RecordError("the field time cannot be this") from error
    record = Record(**given)
    if encode_record(record) != body:
        raise RecordError("the record is not canonical")
    return record


def _sorted(value: Any) -> Any:  # noqa: ANN401 -- whatever JSON can hold
    if isinstance(value, Mapping):
        return {name: _sorted(value[name]) for name in sorted(value)}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return value


def _no_float(text: str) -> None:
    raise ValueError(f"{text} is not a whole number")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return type(value) is int and 0 <= value <= _MAX_NUMBER


def _is_hex(digits: int) -> Callable[[object], bool]:
    pattern = re.compile(rf"[0-9a-f]{{{digits}}}")
    return lambda value: isinstance(value, str) and bool(pattern.fullmatch(value))


def _is_fields(value: object) -> bool:
    return isinstance(value, Mapping) and _is_plain(value, 16)


def _is_plain(value: object, depth: int) -> bool:
    if isinstance(value, Mapping):
        return depth > 0 and all(
            isinstance(name, str) and _is_plain(item, depth - 1) for name, item in value.items()
        )
    if isinstance(value, list | tuple):
        return depth > 0 and all(_is_plain(item, depth - 1) for item in value)
    return value is None or isinstance(value, str | int)


_CHECKS: Final[Mapping[str, Callable[[Any], bool]]] = dict.fromkeys(_NAMES, _is_text) | {
    "seq": _is_number,
    "time": lambda time: isinstance(time, datetime) and time.tzinfo is not None,
    "event": lambda event: isinstance(event, str) and event != "",
    "version": _is_number,
    "decision": lambda decision: decision in DECISIONS,
    "policies": lambda ids: isinstance(ids, tuple) and all(map(_is_text, ids)),
    "intent": _is_fields,
    "more": lambda items: isinstance(items, tuple) and all(map(_is_fields, items)),
    "more_left": _is_number,
    "more_digest": _is_hex(64),
    "nonce": _is_number,
    "digest": _is_hex(64),
    "trace_id": _is_hex(32),
    "duration_us": _is_number,
    "count": _is_number,
    "details": _is_fields,
}
