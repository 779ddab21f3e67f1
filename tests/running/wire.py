"""Fields on the wire, written by hand, so that they can be what no library writes."""

from __future__ import annotations

__all__ = ["field", "number", "varint"]


def varint(value: int) -> bytes:
    """Return a base-128 varint (protobuf encoding, "Base 128 Varints")."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(tag: int, content: bytes) -> bytes:
    """Return a length-delimited field."""
    return varint(tag << 3 | 2) + varint(len(content)) + content


def number(tag: int, value: int) -> bytes:
    """Return a varint field."""
    return varint(tag << 3) + varint(value)
