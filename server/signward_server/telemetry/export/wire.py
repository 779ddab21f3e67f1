"""The few forms of protobuf's wire format that a span takes (protobuf.dev, "Encoding")."""

from __future__ import annotations

__all__ = ["delimited", "integer_attribute", "text_attribute", "varint"]

_LENGTH_DELIMITED = 2
_ATTRIBUTE_KEY = 1  # KeyValue.key
_ATTRIBUTE_VALUE = 2  # KeyValue.value
_TEXT = 1  # AnyValue.string_value
_INTEGER = 0x18  # AnyValue.int_value, field 3, varint
_GROUP, _MORE = 0x7F, 0x80


def varint(number: int) -> bytes:
    """Return a number from 0 to 2^64-1 in groups of 7 bits, the lowest first."""
    groups = bytearray()
    while number > _GROUP:
        groups.append(number & _GROUP | _MORE)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def delimited(field: int, content: bytes) -> bytes:
    """Return a field of bytes, text or a message."""
    return varint(field << 3 | _LENGTH_DELIMITED) + varint(len(content)) + content


def text_attribute(field: int, name: str, text: str) -> bytes:
    """Return a field that is a ``KeyValue`` of OTLP with a text."""
    value = delimited(_TEXT, text.encode("utf-8", "replace"))
    return _attribute(field, name, value)


def integer_attribute(field: int, name: str, number: int) -> bytes:
    """Return a field that is a ``KeyValue`` of OTLP with a number of at least 0."""
    return _attribute(field, name, bytes([_INTEGER]) + varint(number))


def _attribute(field: int, name: str, value: bytes) -> bytes:
    pair = delimited(_ATTRIBUTE_KEY, name.encode()) + delimited(_ATTRIBUTE_VALUE, value)
    return delimited(field, pair)
