"""Records of the audit log, as far as they are read, and which of them are wanted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from signward_server.core.errors import Internal
from signward_server.core.unexpected import unexpected

__all__ = ["AuditFilter", "AuditRecord", "Sieve"]

_TIME = b'"time":"'
_TIME_SIZE = len("2026-01-31T23:59:59.000001Z")
_TEXTS = ("identity", "key", "outcome", "event")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """A record.

    Attributes:
        sequence: Its number.
        time: When it was written, UTC.
        event: What kind it is.
        outcome: ``OK`` or a reason; this and what follows is empty where there is none.
        identity: Who called, typed.
        method: Full name of the RPC.
        action: Policy action.
        key: Key id.
        version: Key version.
        body: The record itself, canonical JSON: the bytes that are hashed.
    """

    sequence: int
    time: datetime
    event: str
    outcome: str
    identity: str
    method: str
    action: str
    key: str
    version: int
    body: bytes

    @classmethod
    def read(cls, body: bytes, sequence: int) -> AuditRecord:
        """Read the record of this number.

        Raises:
            Internal: It is not one. No log that verifies has such a record.
        """
        try:
            found = json.loads(body)
            record = cls(
                sequence=found["seq"],
                time=datetime.fromisoformat(found["time"]),
                event=found["event"],
                outcome=found.get("outcome", ""),
                identity=found.get("identity", ""),
                method=found.get("method", ""),
                action=found.get("action", ""),
                key=found.get("key", ""),
                version=found.get("version", 0),
                body=body,
            )
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as exc:
            raise unexpected(exc) from exc
        if record.sequence != sequence:
            raise Internal
        return record


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which records are wanted: those that fit all that is set.

    Attributes:
        identity: Exactly this caller.
        key: Exactly this key.
        outcome: Exactly this outcome.
        event: Exactly this event.
        since: Written then or later.
        until: Written before.
    """

    identity: str = ""
    key: str = ""
    outcome: str = ""
    event: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def __str__(self) -> str:
        """Return it in words, for the record of who asked for what."""
        texts = [f"{name}={getattr(self, name)}" for name in _TEXTS if getattr(self, name)]
        times = [("since", self.since), ("until", self.until)]
        texts.extend(f"{name}={time.isoformat()}" for name, time in times if time is not None)
        return " ".join(texts)


class Sieve:
    """Lets the records through that a filter wants.

    A record is only parsed if its bytes have in them what the filter names, and a time that
    fits: canonical JSON has one way to write each, and times so written sort as they are.
    """

    def __init__(self, wanted: AuditFilter) -> None:
        self._wanted = wanted
        self._texts = [(name, getattr(wanted, name)) for name in _TEXTS if getattr(wanted, name)]
        self._needles = [f'"{name}":{json.dumps(text)}'.encode() for name, text in self._texts]
        self._times = _written(wanted.since, b""), _written(wanted.until, b"~")

    @property
    def is_open(self) -> bool:
        """Whether everything passes."""
        return self._wanted == AuditFilter()

    def pick(self, body: bytes, sequence: int) -> AuditRecord | None:
        """Return the record of this number if it is wanted.

        Raises:
            Internal: See ``AuditRecord.read``.
        """
        for needle in self._needles:  # quicker than a generator
            if needle not in body:
                return None
        start = body.find(_TIME) + len(_TIME)
        if not self._times[0] <= body[start : start + _TIME_SIZE] < self._times[1]:
            return None
        record = AuditRecord.read(body, sequence)
        if all(getattr(record, name) == text for name, text in self._texts):
            return record
        return None


def _written(time: datetime | None, otherwise: bytes) -> bytes:
    """Return a time as records have it."""
    if time is None:
        return otherwise
    text = time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    return f"{text}Z".encode()
