"""Keys as rows, and rows as keys again.

The fields of a row are the columns of its table, in order. Flags are 0 or 1, times and
durations whole microseconds, enums the numbers of ``core.keys``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

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

__all__ = [
    "KeyRow",
    "VersionRow",
    "from_epoch",
    "key_from",
    "key_row",
    "microseconds",
    "since_epoch",
    "version_row",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NO_LABELS: Mapping[str, str] = MappingProxyType({})


class KeyRow(NamedTuple):
    """A row of ``keys``."""

    id: str
    algorithm: int
    custody: int
    purpose: int
    network: str
    allow_digest: int
    state: int
    freeze: int
    owner: str
    user_id: str
    labels: str
    unlock_ttl: int | None
    grace_period: int
    primary_version: int
    create_time: int
    update_time: int
    revision: int
    mac: bytes = b""
    rotation_period: int = 0
    changed: int = 0
    vault_address: str = ""


class VersionRow(NamedTuple):
    """A row of ``key_versions``."""

    key_id: str
    version: int
    state: int
    public_key: bytes
    fingerprint: bytes
    backend_ref: str
    create_time: int
    grace_end_time: int | None
    destroy_time: int | None
    forgotten: int = 0


def key_row(key: Key) -> KeyRow:
    """Return the row of a key, without its MAC."""
    return KeyRow(
        id=key.id,
        algorithm=int(key.algorithm),
        custody=int(key.custody),
        purpose=int(key.purpose),
        network=key.network,
        allow_digest=int(key.allow_digest),
        state=int(key.state),
        freeze=int(key.freeze),
        owner=key.owner,
        user_id=key.user_id,
        labels=_labels_text(key.labels),
        unlock_ttl=None if key.unlock_ttl is None else microseconds(key.unlock_ttl),
        grace_period=microseconds(key.grace_period),
        primary_version=key.primary_version,
        create_time=since_epoch(key.create_time),
        update_time=since_epoch(key.update_time),
        revision=key.revision,
        rotation_period=microseconds(key.rotation_period),
        vault_address=key.vault_address,
    )


def version_row(key_id: str, version: KeyVersion) -> VersionRow:
    """Return the row of a version that its key lists."""
    return VersionRow(
        key_id=key_id,
        version=version.version,
        state=int(version.state),
        public_key=version.public_key.spki_der,
        fingerprint=version.public_key.fingerprint,
        backend_ref=version.backend_ref,
        create_time=since_epoch(version.create_time),
        grace_end_time=_optional_microseconds(version.grace_end_time),
        destroy_time=_optional_microseconds(version.destroy_time),
    )


def key_from(row: KeyRow, versions: Sequence[VersionRow]) -> Key:
    """Return the key of a row and the rows of its versions, newest first.

    The rows carry the right MAC: they are what ``key_row`` and ``version_row`` made.

    Raises:
        ValueError: A number is unknown to this release.
        OverflowError: A time is beyond the calendar.
    """
    return Key(
        id=row.id,
        algorithm=Algorithm(row.algorithm),
        custody=CustodyKind(row.custody),
        purpose=Purpose(row.purpose),
        network=row.network,
        allow_digest=row.allow_digest == 1,
        vault_address=row.vault_address,
        state=KeyState(row.state),
        freeze=Freeze(row.freeze),
        owner=row.owner,
        user_id=row.user_id,
        labels=_labels(row.labels),
        unlock_ttl=None if row.unlock_ttl is None else timedelta(0, 0, row.unlock_ttl),
        grace_period=timedelta(0, 0, row.grace_period),
        rotation_period=timedelta(0, 0, row.rotation_period),
        primary_version=row.primary_version,
        versions=tuple([_version_from(version) for version in versions]),
        create_time=from_epoch(row.create_time),
        update_time=from_epoch(row.update_time),
        revision=row.revision,
    )


def since_epoch(time: datetime) -> int:
    """Return a UTC time as microseconds since the Unix epoch."""
    return (time - _EPOCH) // _MICROSECOND


def from_epoch(time: int) -> datetime:
    """Return microseconds since the Unix epoch as a UTC time.

    Raises:
        OverflowError: It is beyond the calendar.
    """
    return _EPOCH + timedelta(0, 0, time)


def microseconds(duration: timedelta) -> int:
    """Return a duration in microseconds."""
    return duration // _MICROSECOND


def _version_from(row: VersionRow) -> KeyVersion:
    return KeyVersion(
        version=row.version,
        state=VersionState(row.state),
        public_key=PublicKey.from_spki(row.public_key),
        backend_ref=row.backend_ref,
        create_time=from_epoch(row.create_time),
        grace_end_time=_optional_time(row.grace_end_time),
        destroy_time=_optional_time(row.destroy_time),
    )


def _labels_text(labels: Mapping[str, str]) -> str:
    return json.dumps(dict(labels), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _labels(text: str) -> Mapping[str, str]:
    return _NO_LABELS if text == "{}" else MappingProxyType(json.loads(text))


def _optional_time(value: int | None) -> datetime | None:
    return None if value is None else from_epoch(value)


def _optional_microseconds(time: datetime | None) -> int | None:
    return None if time is None else since_epoch(time)
