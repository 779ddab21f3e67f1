"""The DER form of an ECDSA signature."""

from __future__ import annotations

__all__ = ["encode_der"]

_SEQUENCE = 0x30
_INTEGER = 0x02
_HALF = 32
_SIGN_BIT = 0x80


def encode_der(value: bytes) -> bytes:
    """Encode r||s as ``ECDSA-Sig-Value`` (RFC 3279, section 2.2.3) in DER (X.690).

    Args:
        value: 64 bytes: r and s, 32 bytes each, big-endian.

    Returns:
        8 to 72 bytes; one encoding for each value. All lengths fit one byte, since the
        content has at most 70 bytes.
    """
    r, s = _magnitude(value[:_HALF]), _magnitude(value[_HALF:])
    return (
        bytes((_SEQUENCE, len(r) + len(s) + 4, _INTEGER, len(r)))
        + r
        + bytes((_INTEGER, len(s)))
        + s
    )


def _magnitude(number: bytes) -> bytes:
    """Return the shortest two's complement form of an unsigned big-endian number."""
    shortest = number.lstrip(b"\0")
    return shortest if shortest and shortest[0] < _SIGN_BIT else b"\0" + shortest
