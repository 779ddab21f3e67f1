"""The bytes that are hashed or authenticated, unambiguous (``docs/formats/store.md``).

Integers are 8 bytes, signed, big-endian; text is UTF-8; text and bytes carry their length
before them, lists their count, optional values a byte that says whether they are there.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from signward_server.core.keys import Key, KeyVersion
from signward_server.core.ports import RequestScope

__all__ = ["key_row", "microseconds", "scope_digest", "since_epoch"]

_KEY_ROW = b"signward.store.key.v1\0"
_REQUEST = b"signward.store.request.v1\0"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_integers_of_key = struct.Struct(">8q").pack
_integers_of_version = struct.Struct(">3q").pack
_integer = struct.Struct(">q").pack
_length = struct.Struct(">I").pack
_ABSENT = b"\0"
_PRESENT = b"\1"


def key_row(key: Key) -> bytes:
    """Return what the MAC of a key's row covers: the row and all its listed versions.

    Raises:
        ValueError: A text is not valid Unicode.
    """
    return b"".join(_parts_of_key(key))


def scope_digest(scope: RequestScope) -> bytes:
    """Return the 32 bytes (SHA-256) that stand for a request's scope (S33)."""
    parts = (scope.identity, scope.method, scope.key, scope.request_id)
    return hashlib.sha256(_REQUEST + b"".join(map(_text, parts))).digest()


def since_epoch(time: datetime) -> int:
    """Return a UTC time as microseconds since the Unix epoch."""
    return (time - _EPOCH) // _MICROSECOND


def microseconds(duration: timedelta) -> int:
    """Return a duration in microseconds."""
    return duration // _MICROSECOND


def _parts_of_key(key: Key) -> Iterator[bytes]:
    yield _KEY_ROW
    yield _text(key.id)
    yield _integers_of_key(
        key.algorithm,
        key.custody,
        key.purpose,
        key.allow_digest,
        key.state,
        key.freeze,
        key.primary_version,
        key.revision,
    )
    yield _text(key.network)
    yield _text(key.owner)
    yield _text(key.user_id)
    yield _length(len(key.labels))
    for name in sorted(key.labels):
        yield _text(name)
        yield _text(key.labels[name])
    yield _optional(None if key.unlock_ttl is None else microseconds(key.unlock_ttl))
    yield _integer(microseconds(key.grace_period))
    yield _integer(since_epoch(key.create_time))
    yield _integer(since_epoch(key.update_time))
    yield _length(len(key.versions))
    for version in key.versions:
        yield from _parts_of_version(version)


def _parts_of_version(version: KeyVersion) -> Iterator[bytes]:
    yield _integers_of_version(version.version, version.state, since_epoch(version.create_time))
    yield _bytes(version.public_key.spki_der)
    yield _text(version.backend_ref)
    for time in (version.grace_end_time, version.destroy_time):
        yield _optional(None if time is None else since_epoch(time))


def _bytes(value: bytes) -> bytes:
    return _length(len(value)) + value


def _text(value: str) -> bytes:
    return _bytes(value.encode())


def _optional(value: int | None) -> bytes:
    return _ABSENT if value is None else _PRESENT + _integer(value)
