"""Records as they stand in the log, made on the signing path: quickly, and never an error.

The bytes are those of the canonical form in ``signward.audit.records``. Their beginning, which
says the record's number, is put before them when they are written.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TypeVar

from signward_server.audit.further import further
from signward_server.audit.wording import (
    Quote,
    caller,
    quoted,
    short_name,
    short_object,
    short_text,
    subject,
    value_of,
)
from signward_server.core.audit_events import AuditEvent
from signward_server.core.identity import Identity
from signward_server.core.ports import AuditEntry, Call, Clock
from signward_server.core.signing import Intent, IntentValue

__all__ = ["Encoder"]

_LONGEST = 16 * 1024 - 32  # bytes of a record without its number
_MOST_KNOWN = 4096  # encodings that are remembered, of each kind

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Encoder:
    """Makes the bytes of records.

    What is the same from one record to the next is remembered: who calls, what is asked for
    and what the policies say about that, the names in an Intent.

    Args:
        clock: The time that they carry, and how long a call has taken.
    """

    def __init__(self, clock: Clock) -> None:
        self._time = clock.time
        self._monotonic = clock.monotonic
        self._stamp = (-1, "")
        self._kinds: dict[tuple[AuditEvent, str], str] = {}
        self._callers: dict[tuple[object, ...], tuple[Identity, str]] = {}
        self._subjects: dict[tuple[object, ...], str] = {}
        self._names: dict[tuple[str, ...], tuple[tuple[str, str], ...]] = {}

    def entry(self, entry: AuditEntry, event: AuditEvent | None = None) -> bytes:
        """Return the record of a call or item, without its number.

        Args:
            entry: What is recorded.
            event: Instead of the entry's own.
        """
        return self._record(self._head(event or entry.event, entry.outcome), entry)

    def entries(self, entries: Sequence[AuditEntry]) -> list[bytes]:
        """Return the records of entries that are written together, and at one time."""
        if len(entries) == 1:
            return [self.entry(entries[0])]
        heads: dict[tuple[AuditEvent, str], str] = {}
        records = []
        for entry in entries:
            kind = entry.event, entry.outcome
            head = heads.get(kind)
            if head is None:
                head = heads[kind] = self._head(*kind)
            records.append(self._record(head, entry))
        return records

    def _record(self, head: str, entry: AuditEntry) -> bytes:
        who, what = self._caller(entry.call), self._subject(entry)
        intent = self._intent(entry.intent.fields) if entry.intent is not None else ""
        rest = self._rest(entry, quoted)
        tail = f"{head}{who}{what}{intent}{rest}"
        if entry.more:
            more = _more(entry, _LONGEST - len(tail))
            tail = f"{head}{who}{what}{intent}{more}{rest}"
        if len(tail) > _LONGEST:
            fields = {} if entry.intent is None else entry.intent.fields
            intent = f',"intent":{short_object(fields)}' if fields else ""
            who, what = caller(entry.call, short_name), subject(entry, short_text)
            more = _more(entry, 0) if entry.more else ""
            tail = f"{head}{who}{what}{intent}{more}{self._rest(entry, short_text)}"
        return tail.encode("ascii")

    def event(
        self,
        event: AuditEvent,
        *,
        outcome: str = "",
        identity: str = "",
        peer: str = "",
        key: str = "",
        version: int = 0,
        count: int = 0,
        details: Mapping[str, str | int] | None = None,
    ) -> bytes:
        """Return a record of the daemon itself, without its number."""
        parts = [self._head(event, outcome)]
        texts = (("identity", identity), ("peer", peer))
        parts += [f',"{name}":{short_name(text)}' for name, text in texts if text]
        if key:
            parts.append(f',"key":{quoted(key)}')
        if version:
            parts.append(f',"version":{version}')
        if count:
            parts.append(f',"count":{count}')
        if details:
            parts.append(f',"details":{short_object(details)}')
        return ("".join(parts) + "}").encode("ascii")

    def _head(self, event: AuditEvent, outcome: str) -> str:
        now = self._time()
        second, stamp = self._stamp
        if int(now) != second:
            second = int(now)
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._stamp = (second, stamp)
        micros = int((now - second) * 1_000_000)
        key = (event, outcome)
        kind = self._kinds.get(key)
        if kind is None:
            kind = f'Z","event":"{event}"'
            if outcome:
                kind += f',"outcome":{short_text(outcome)}'
            _remember(self._kinds, key, kind)
        return f',"time":"{stamp}.{micros:06d}{kind}'

    def _caller(self, call: Call) -> str:
        identity = call.identity
        key = (id(identity), call.authentication, call.address, call.method)
        known = self._callers.get(key)
        if known is None or known[0] is not identity:
            known = (identity, caller(call, quoted))
            _remember(self._callers, key, known)
        return known[1]

    def _subject(self, entry: AuditEntry) -> str:
        key = (
            entry.action,
            entry.key,
            entry.version,
            entry.decision,
            entry.policies,
            entry.policy_set,
        )
        known = self._subjects.get(key)
        if known is None:
            known = subject(entry, quoted)
            _remember(self._subjects, key, known)
        return known

    def _intent(self, fields: Mapping[str, IntentValue]) -> str:
        if not fields:
            return ""
        key = tuple(fields)
        names = self._names.get(key)
        if names is None:
            names = tuple((name, f"{quoted(name)}:") for name in sorted(key))
            _remember(self._names, key, names)
        members = []
        for name, written in names:
            value = fields[name]
            if value.__class__ is int:  # which a boolean is not
                members.append(f"{written}{value}")
            else:
                members.append(written + value_of(value, quoted))
        return f',"intent":{{{",".join(members)}}}'

    def _rest(self, entry: AuditEntry, text: Quote) -> str:
        call = entry.call
        digest = f',"digest":"{entry.signed_digest.hex()}"' if entry.signed_digest else ""
        if entry.approver:
            digest = f',"approver":{text(entry.approver)}{digest}'
        if entry.nonce:
            digest = f'{digest},"nonce":{entry.nonce}'
        named = f',"request_id":{text(entry.request_id)}' if entry.request_id else ""
        trace_id = call.trace_id
        trace = f',"trace_id":"{trace_id}"' if trace_id else ""
        duration = int((self._monotonic() - (entry.started or call.started)) * 1_000_000)
        took = f',"duration_us":{duration}' if duration > 0 else ""
        note = f',"note":{text(entry.note)}' if entry.note else ""
        return f"{digest}{named}{trace}{took}{note}}}"


def _more(entry: AuditEntry, room: int) -> str:
    first = entry.intent or Intent(entry.action, {})
    return further(first, entry.more, room)


def _remember(known: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    if len(known) >= _MOST_KNOWN:
        known.clear()
    known[key] = value
