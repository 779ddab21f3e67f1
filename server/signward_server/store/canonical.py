"""The bytes that are hashed or authenticated, unambiguous (``docs/formats/store.md``).

Numbers are signed, 8 bytes, big-endian; lengths and counts unsigned, 4 bytes, and stand
before what they measure; text is UTF-8.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence

from signward_server.core.ports import RequestScope
from signward_server.store.api_key_rows import ApiKeyRow
from signward_server.store.approval_rows import ApprovalRow
from signward_server.store.claims import StoredClaim
from signward_server.store.rows import KeyRow, VersionRow

__all__ = [
    "api_key_mac_input",
    "approval_mac_input",
    "claim_mac_input",
    "mac_input",
    "scope_digest",
    "secret_mac_input",
]

_KEY_DOMAIN = b"signward.store.key.v1\0"
_ROTATED_DOMAIN = b"signward.store.key.v2\0"
_PINNED_DOMAIN = b"signward.store.key.v3\0"
_SCOPE_DOMAIN = b"signward.store.request.v1\0"
_API_KEY_DOMAIN = b"signward.store.api-key.v1\0"
_SECRET_DOMAIN = b"signward.api-key.secret.v1\0"
_APPROVAL_DOMAIN = b"signward.store.approval.v1\0"
_CLAIM_DOMAIN = b"signward.store.claim.v1\0"
_USED_APPROVAL_DOMAIN = b"signward.store.used-approval.v1\0"
_key_head = struct.Struct(">11q?q6I").pack
_period = struct.Struct(">q").pack
_pin_head = struct.Struct(">qI").pack
_NO_PERIOD = _period(0)
_version_head = struct.Struct(">3q?q?q3I").pack
_scope_head = struct.Struct(">4I").pack
_api_key_head = struct.Struct(">2q??q5I").pack
_claim_head = struct.Struct(">2q?q3I").pack
_approval_head = struct.Struct(">q2I").pack


def mac_input(key: KeyRow, versions: Sequence[VersionRow]) -> bytes:
    """Return what the MAC of a key covers: its row and those of its listed versions.

    Every column counts but the MAC itself and ``changed``; a version that counts is not
    forgotten. A key without a vault has the bytes of the releases that knew none; likewise one
    without a rotation period.

    Args:
        key: The key's row.
        versions: The rows of the versions that are not forgotten, newest first.

    Raises:
        ValueError: A text is not valid Unicode.
        TypeError: A value is of another type than its column.
        AttributeError: Likewise.
        struct.error: Likewise, or a number does not fit.
    """
    texts = [text.encode() for text in (key.id, key.network, key.owner, key.user_id, key.labels)]
    head = _key_head(
        key.algorithm,
        key.custody,
        key.purpose,
        _flag(key.allow_digest),
        key.state,
        key.freeze,
        key.primary_version,
        key.revision,
        key.create_time,
        key.update_time,
        key.grace_period,
        key.unlock_ttl is not None,
        _number(key.unlock_ttl),
        *map(len, texts),
        len(versions),
    )
    return b"".join((*_begin(key), head, *texts, *map(_version_part, versions)))


def _begin(key: KeyRow) -> tuple[bytes, ...]:
    vault = key.vault_address.encode()
    if vault:
        return (_PINNED_DOMAIN, _pin_head(key.rotation_period, len(vault)), vault)
    period = _period(key.rotation_period)
    return (_KEY_DOMAIN,) if period == _NO_PERIOD else (_ROTATED_DOMAIN, period)


def api_key_mac_input(row: ApiKeyRow) -> bytes:
    """Return what the MAC of an API key covers: all columns but the MAC and ``changed``.

    Raises:
        ValueError, TypeError, AttributeError, struct.error: See ``mac_input``.
    """
    texts = [t.encode() for t in (row.id, row.identity, row.created_by, row.address_ranges)]
    head = _api_key_head(
        row.create_time,
        row.expire_time,
        _flag(row.imported),
        row.revoke_time is not None,
        _number(row.revoke_time),
        *map(len, texts),
        len(row.digest),
    )
    return b"".join((_API_KEY_DOMAIN, head, *texts, row.digest))


def secret_mac_input(secret: bytes) -> bytes:
    """Return what is authenticated to make the digest of an API key's secret.

    No row begins with the same bytes, so that no digest is the MAC of a row.
    """
    return _SECRET_DOMAIN + secret


def approval_mac_input(row: ApprovalRow, *, used: bool) -> bytes:
    """Return what the MAC of an approval covers: all columns but the MAC.

    Args:
        row: The row.
        used: Whether it says what an approval was used for. Such a one is no approval.

    Raises:
        ValueError, TypeError, AttributeError, struct.error: See ``mac_input``.
    """
    approver = row.approver.encode()
    head = _approval_head(row.expire_time, len(row.digest), len(approver))
    domain = _USED_APPROVAL_DOMAIN if used else _APPROVAL_DOMAIN
    return b"".join((domain, head, row.digest, approver))


def claim_mac_input(scope: bytes, row: StoredClaim) -> bytes:
    """Return what the MAC of a claim covers: all columns of its row but the MAC.

    A claim has neither ``key_id`` nor ``previous``: a row with one is not as it was written.

    Args:
        scope: Scope of the request, 32 bytes.
        row: The rest of the row.

    Raises:
        ValueError, TypeError, AttributeError, struct.error: See ``mac_input``.
    """
    if row.key_id is not None or row.previous is not None:
        raise ValueError("a claim has made no key")
    identity = row.identity.encode()
    head = _claim_head(
        row.version,
        row.claim_time,
        row.nonce is not None,
        _number(row.nonce),
        len(scope),
        len(identity),
        len(row.content),
    )
    return b"".join((_CLAIM_DOMAIN, head, scope, identity, row.content))


def scope_digest(scope: RequestScope) -> bytes:
    """Return the 32 bytes (SHA-256) that stand for a request's scope (S33)."""
    texts = [text.encode() for text in (scope.identity, scope.method, scope.key, scope.request_id)]
    head = _scope_head(*map(len, texts))
    return hashlib.sha256(b"".join((_SCOPE_DOMAIN, head, *texts))).digest()


def _version_part(row: VersionRow) -> bytes:
    reference = row.backend_ref.encode()
    head = _version_head(
        row.version,
        row.state,
        row.create_time,
        row.grace_end_time is not None,
        _number(row.grace_end_time),
        row.destroy_time is not None,
        _number(row.destroy_time),
        len(row.public_key),
        len(row.fingerprint),
        len(reference),
    )
    return b"".join((head, row.public_key, row.fingerprint, reference))


def _number(value: int | None) -> int:
    # SQLite keeps any type in any column: another zero than the integer is not authentic.
    return 0 if value is None else value


def _flag(value: int) -> bool:
    if type(value) is not int or value not in (0, 1):
        raise ValueError("a flag is 0 or 1")
    return value == 1
