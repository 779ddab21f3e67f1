"""Keys as rows, and rows as keys again.

Decoding takes nothing on trust: a column of another type, an unknown number, a fingerprint
that is not the public key's, all are ``ValueError`` or ``TypeError``, never a guess.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from signward_server.core.keys import (
    Algorithm,
    CustodyKind,
    Freeze,
    Key,
    KeyState,
    KeyVersion,
    Purpose,
    VersionState,
)
from signward_server.core.public_key import PublicKey
from signward_server.store.canonical import microseconds, since_epoch

__all__ = ["Row", "fixed_columns", "key_from", "mutable_columns", "version_columns"]

Row = Mapping[Any, Any]
"""One row by column name, as the driver gives it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def fixed_columns(key: Key) -> dict[str, object]:
    """Return the columns of ``keys`` that never change."""
    return {
        "id": key.id,
        "algorithm": int(key.algorithm),
        "custody": int(key.custody),
        "purpose": int(key.purpose),
        "network": key.network,
        "allow_digest": int(key.allow_digest),
        "create_time": since_epoch(key.create_time),
    }


def mutable_columns(key: Key) -> dict[str, object]:
    """Return the other columns of ``keys``, without the MAC."""
    return {
        "state": int(key.state),
        "freeze": int(key.freeze),
        "owner": key.owner,
        "user_id": key.user_id,
        "labels": _labels_text(key.labels),
        "unlock_ttl": None if key.unlock_ttl is None else microseconds(key.unlock_ttl),
        "grace_period": microseconds(key.grace_period),
        "primary_version": key.primary_version,
        "update_time": since_epoch(key.update_time),
        "revision": key.revision,
    }


def version_columns(key_id: str, version: KeyVersion) -> dict[str, object]:
    """Return the columns of ``key_versions`` for a version that is not forgotten."""
    return {
        "key_id": key_id,
        "version": version.version,
        "state": int(version.state),
        "public_key": version.public_key.spki_der,
        "fingerprint": version.public_key.fingerprint,
        "backend_ref": version.backend_ref,
        "create_time": since_epoch(version.create_time),
        "grace_end_time": _optional_micros(version.grace_end_time),
        "destroy_time": _optional_micros(version.destroy_time),
        "forgotten": 0,
    }


def key_from(row: Row, versions: Sequence[Row]) -> Key:
    """Return the key of a row and its version rows, newest first.

    Raises:
        ValueError: A value is out of range or contradicts another one.
        TypeError: A value has another type than its column.
        OverflowError: A time is beyond the calendar.
    """
    return Key(
        id=_text(row["id"]),
        algorithm=Algorithm(_integer(row["algorithm"])),
        custody=CustodyKind(_integer(row["custody"])),
        purpose=Purpose(_integer(row["purpose"])),
        network=_text(row["network"]),
        allow_digest=_flag(row["allow_digest"]),
        state=KeyState(_integer(row["state"])),
        freeze=Freeze(_integer(row["freeze"])),
        owner=_text(row["owner"]),
        user_id=_text(row["user_id"]),
        labels=_labels(_text(row["labels"])),
        unlock_ttl=None if row["unlock_ttl"] is None else _duration(row["unlock_ttl"]),
        grace_period=_duration(row["grace_period"]),
        primary_version=_integer(row["primary_version"]),
        versions=tuple(map(_version_from, versions)),
        create_time=_time(row["create_time"]),
        update_time=_time(row["update_time"]),
        revision=_integer(row["revision"]),
    )


def _version_from(row: Row) -> KeyVersion:
    public_key = PublicKey.from_spki(_octets(row["public_key"]))
    if _octets(row["fingerprint"]) != public_key.fingerprint:
        raise ValueError("the fingerprint is that of another public key")
    return KeyVersion(
        version=_integer(row["version"]),
        state=VersionState(_integer(row["state"])),
        public_key=public_key,
        backend_ref=_text(row["backend_ref"]),
        create_time=_time(row["create_time"]),
        grace_end_time=_optional_time(row["grace_end_time"]),
        destroy_time=_optional_time(row["destroy_time"]),
    )


def _labels_text(labels: Mapping[str, str]) -> str:
    return json.dumps(dict(labels), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _labels(text: str) -> Mapping[str, str]:
    if text == "{}":
        return _NO_LABELS
    labels = json.loads(text)
    if not isinstance(labels, dict):
        raise TypeError("labels are no object")
    for value in labels.values():
        _text(value)
    return MappingProxyType(labels)


_NO_LABELS: Mapping[str, str] = MappingProxyType({})


def _integer(value: object) -> int:
    # A boolean is an int to Python; no column of numbers holds one.
    if type(value) is not int:
        raise TypeError("not an integer")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


def _octets(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError("not bytes")
    return value


def _flag(value: object) -> bool:
    number = _integer(value)
    if number not in (0, 1):
        raise ValueError("not a flag")
    return number == 1


def _duration(value: object) -> timedelta:
    return timedelta(microseconds=_integer(value))


def _time(value: object) -> datetime:
    return _EPOCH + timedelta(microseconds=_integer(value))


def _optional_time(value: object) -> datetime | None:
    return None if value is None else _time(value)


def _optional_micros(time: datetime | None) -> int | None:
    return None if time is None else since_epoch(time)
