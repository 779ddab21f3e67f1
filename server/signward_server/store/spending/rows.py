"""Rings as rows, each with a MAC (``docs/formats/store.md``)."""

from __future__ import annotations

import hashlib
import struct

from signward_server.core.ports import RowAuthenticator
from signward_server.store.spending.ring import Ring

__all__ = ["AuthenticRings", "scope_of"]

_SCOPE_DOMAIN = b"signward.store.spending-scope.v1\0"
_DOMAIN = b"signward.store.spending.v1\0"
_head = struct.Struct(">3qI")
_part = struct.Struct(">qQQ")
_LOW = 2**64


def scope_of(*texts: str) -> bytes:
    """Return the 32 bytes (SHA-256) that stand for what has a window of its own."""
    parts = [text.encode() for text in texts]
    lengths = struct.pack(f">{len(parts)}I", *map(len, parts))
    return hashlib.sha256(b"".join((_SCOPE_DOMAIN, lengths, *parts))).digest()


class AuthenticRings:
    """Makes rows with a MAC, and rings of none but rows with the right one.

    Args:
        authenticator: Makes and checks the MACs.
    """

    def __init__(self, authenticator: RowAuthenticator) -> None:
        self._authenticator = authenticator

    def row(self, scope: bytes, ring: Ring) -> dict[str, bytes]:
        """Return the columns of a ring's row."""
        spent = _encoded(ring)
        return {
            "scope": scope,
            "spent": spent,
            "mac": self._authenticator.tag(_input(scope, spent)),
        }

    def ring(self, scope: object, spent: object, mac: object) -> Ring | None:
        """Return the ring of a row, ``None`` if that is not as it was written."""
        if not (isinstance(scope, bytes) and isinstance(spent, bytes) and isinstance(mac, bytes)):
            return None
        if not self._authenticator.matches(_input(scope, spent), mac):
            return None
        return _decoded(spent)


def _input(scope: bytes, spent: bytes) -> bytes:
    return b"".join((_DOMAIN, scope, spent))


def _encoded(ring: Ring) -> bytes:
    parts = (_part.pack(number, *divmod(ring.spent[number], _LOW)) for number in sorted(ring.spent))
    return _head.pack(ring.window, ring.latest, ring.revision, len(ring.spent)) + b"".join(parts)


def _decoded(spent: bytes) -> Ring:
    window, latest, revision, _ = _head.unpack_from(spent)
    parts = _part.iter_unpack(spent[_head.size :])
    return Ring(
        window, latest, revision, {number: high * _LOW + low for number, high, low in parts}
    )
