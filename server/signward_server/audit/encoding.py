"""Records as they stand in the log, made on the signing path: quickly, and never an error.

The bytes are those of the canonical form in ``signward.audit.records``. Their beginning, which
says the record's number, is put before them when they are written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from json.encoder import encode_basestring_ascii as _quoted

from signward_server.core.audit_events import AuditEvent
from signward_server.core.ports import AuditEntry, Call, Clock
from signward_server.core.signing import IntentValue

__all__ = ["Encoder"]

_LONGEST = 16 * 1024 - 32  # bytes of a record without its number
_CUT = "…"
_MOST_LISTED = 8  # of a list or an object, once something is too long
_SHORT = 64  # characters of a text then
_SHORT_CALLER = 400  # characters of the caller's name then
_MOST_CALLERS = 1024  # whose encoding is remembered


class Encoder:
    """Makes the bytes of records.

    Args:
        clock: The time that they carry, and how long a call has taken.
    """

    def __init__(self, clock: Clock) -> None:
        self._time = clock.time
        self._monotonic = clock.monotonic
        self._stamp = (-1, "")
        self._callers: dict[tuple[object, ...], str] = {}

    def entry(self, entry: AuditEntry, event: AuditEvent | None = None) -> bytes:
        """Return the record of a call or item, without its number.

        Args:
            entry: What is recorded.
            event: Instead of the entry's own.
        """
        tail = self._entry(entry, event or entry.event, _quoted, None)
        if len(tail) > _LONGEST:
            tail = self._entry(entry, event or entry.event, _shortened, _MOST_LISTED)
        return tail.encode("ascii")

    def event(
        self,
        event: AuditEvent,
        *,
        outcome: str = "",
        identity: str = "",
        peer: str = "",
        count: int = 0,
        details: Mapping[str, str | int] | None = None,
    ) -> bytes:
        """Return a record of the daemon itself, without its number."""
        parts = [self._head(event)]
        texts = (("outcome", outcome), ("identity", identity), ("peer", peer))
        parts += [f',"{name}":{_shortened(text, _SHORT_CALLER)}' for name, text in texts if text]
        if count:
            parts.append(f',"count":{count}')
        if details:
            parts.append(f',"details":{_object(details, _shortened, _MOST_LISTED)}')
        return ("".join(parts) + "}").encode("ascii")

    def _entry(
        self,
        entry: AuditEntry,
        event: AuditEvent,
        text: Callable[[str], str],
        most: int | None,
    ) -> str:
        call = entry.call
        parts = [self._head(event)]
        add = parts.append
        if entry.outcome:
            add(f',"outcome":{text(entry.outcome)}')
        add(self._caller(call, text))
        if entry.action:
            add(f',"action":{text(entry.action)}')
        if entry.key:
            add(f',"key":{text(entry.key)}')
        if entry.version:
            add(f',"version":{entry.version:d}')
        if entry.decision:
            add(f',"decision":"{entry.decision}"')
        if entry.policies:
            listed = ",".join([text(name) for name in entry.policies[:most]])
            add(f',"policies":[{listed}]')
        if entry.policy_set:
            add(f',"policy_set":{text(entry.policy_set)}')
        if entry.intent is not None and entry.intent.fields:
            add(f',"intent":{_object(entry.intent.fields, text, most)}')
        if entry.signed_digest:
            add(f',"digest":"{entry.signed_digest.hex()}"')
        if entry.request_id:
            add(f',"request_id":{text(entry.request_id)}')
        if call.trace_id:
            add(f',"trace_id":{text(call.trace_id)}')
        duration = int((self._monotonic() - (entry.started or call.started)) * 1_000_000)
        if duration > 0:
            add(f',"duration_us":{duration}')
        if entry.note:
            add(f',"note":{text(entry.note)}')
        add("}")
        return "".join(parts)

    def _head(self, event: AuditEvent) -> str:
        now = self._time()
        second, stamp = self._stamp
        if int(now) != second:
            second = int(now)
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._stamp = (second, stamp)
        micros = int((now - second) * 1_000_000)
        return f',"time":"{stamp}.{micros:06d}Z","event":"{event}"'

    def _caller(self, call: Call, text: Callable[[str], str]) -> str:
        """Return who calls what, from where; the same for most calls in a row."""
        identity, how, peer, method = call.identity, call.authentication, call.address, call.method
        key = (identity, how, peer, method, text)
        known = self._callers.get(key)
        if known is None:
            fields = (
                ("identity", str(identity)),
                ("authentication", how),
                ("peer", peer),
                ("method", method),
            )
            known = "".join([f',"{name}":{text(value)}' for name, value in fields if value])
            if len(self._callers) >= _MOST_CALLERS:
                self._callers.clear()
            self._callers[key] = known
        return known


def _object(fields: Mapping[str, IntentValue], text: Callable[[str], str], most: int | None) -> str:
    members = [
        f"{text(name)}:{_value(fields[name], text)}" for name in sorted(fields)[:most]
    ]
    return f"{{{','.join(members)}}}"


def _value(value: IntentValue, text: Callable[[str], str]) -> str:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:d}"


def _shortened(text: str, longest: int = _SHORT) -> str:
    return _quoted(text if len(text) <= longest else text[: longest - 1] + _CUT)
