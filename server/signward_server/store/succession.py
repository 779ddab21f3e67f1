"""What a changed key may differ in from the one whose place it takes."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from types import MappingProxyType

from signward_server.core.keys import Key, KeyAttributes

__all__ = ["successor"]

_FIXED = (*(field.name for field in dataclasses.fields(KeyAttributes)), "create_time")


def successor(old: Key, key: Key, now: datetime) -> Key:
    """Return a changed key as it is stored: with the next revision, and of now.

    Raises:
        ValueError: Something that is fixed at creation differs; a programming error.
    """
    _ensure_fixed(old, key)
    return dataclasses.replace(
        key,
        labels=MappingProxyType(dict(key.labels)),
        revision=old.revision + 1,
        update_time=max(now, old.update_time),
    )


def _ensure_fixed(old: Key, new: Key) -> None:
    public_keys = {version.version: version.public_key for version in old.versions}
    same = all(getattr(old, name) == getattr(new, name) for name in _FIXED) and all(
        public_keys.get(version.version, version.public_key) == version.public_key
        for version in new.versions
    )
    if not same:
        raise ValueError("a key's fixed attributes and public keys never change")
