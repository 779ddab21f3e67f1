"""Keys to put into a catalogue; their public keys follow from their names."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from signward_server.core.keys import (
    Algorithm,
    CustodyKind,
    Key,
    KeyVersion,
    Purpose,
    VersionState,
)
from signward_server.core.ports import RequestScope
from signward_server.core.public_key import PublicKey

CREATED = datetime(2026, 11, 21, 11, 30, 15, 123456, tzinfo=UTC)


def public_key(name: str) -> PublicKey:
    return PublicKey.ed25519(hashlib.sha256(name.encode()).digest())


def key_version(name: str, number: int = 1, **changes: Any) -> KeyVersion:
    fields: dict[str, Any] = {
        "version": number,
        "state": VersionState.PRIMARY,
        "public_key": public_key(f"{name}/{number}"),
        "create_time": CREATED,
    }
    return KeyVersion(**fields | changes)


def catalogue_key(name: str, **changes: Any) -> Key:
    fields: dict[str, Any] = {
        "id": name,
        "algorithm": Algorithm.ED25519,
        "custody": CustodyKind.ENVELOPE,
        "purpose": Purpose.RAW,
        "owner": "cn:bot",
        "labels": {"desk": "fx", "app": "maker"},
        "primary_version": 1,
        "versions": (key_version(name),),
        "create_time": CREATED,
        "update_time": CREATED,
    }
    return Key(**fields | changes)


def creation_scope(name: str, request_id: str = "r1", identity: str = "cn:bot") -> RequestScope:
    return RequestScope(identity, "/signward.v1.KeyService/CreateKey", name, request_id)


def rotation_scope(name: str, request_id: str = "r1", identity: str = "cn:bot") -> RequestScope:
    return RequestScope(identity, "/signward.v1.KeyService/RotateKey", name, request_id)


def signing_scope(request_id: str, identity: str = "cn:bot", key: str = "hot") -> RequestScope:
    return RequestScope(identity, "/signward.v1.SignService/Sign", key, request_id)
