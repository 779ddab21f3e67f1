"""Durations and sizes as people write them: ``"15m"``, ``"64KiB"``, or plain numbers."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

__all__ = ["Duration", "Size", "format_duration", "format_size"]

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZES = {"": 1, "B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_LARGEST_SECONDS = 10 * 365 * 86400.0
_LARGEST_SIZE = 2**53
# Bounded repetition keeps hostile input from costing more than a glance.
_DURATION = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)(ms|s|m|h|d)", re.ASCII)
_SIZE = re.compile(r"([0-9]{1,16}) ?(B|KiB|MiB|GiB)?", re.ASCII)


def _duration(value: object) -> timedelta:
    """Return a duration from ``"15m"``, ``"250ms"`` or a number of seconds."""
    if isinstance(value, timedelta):
        return value
    seconds: float | None = None
    if isinstance(value, str):
        match = _DURATION.fullmatch(value)
        seconds = float(match[1]) * _UNITS[match[2]] if match else None
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        # Compared before the conversion: an integer may be too large for a float.
        seconds = float(value) if -_LARGEST_SECONDS <= value <= _LARGEST_SECONDS else None
    if seconds is None or not math.isfinite(seconds) or not 0 <= seconds <= _LARGEST_SECONDS:
        raise PydanticCustomError(
            "duration", "is not a duration", {"fix": 'write it like "250ms", "30s", "15m" or "24h"'}
        )
    return timedelta(seconds=seconds)


def _size(value: object) -> int:
    """Return bytes from ``"64KiB"`` or a number of bytes."""
    size: int | None = None
    if isinstance(value, str):
        match = _SIZE.fullmatch(value)
        size = int(match[1]) * _SIZES[match[2] or ""] if match else None
    elif isinstance(value, int) and not isinstance(value, bool):
        size = value
    if size is None or not 0 <= size <= _LARGEST_SIZE:
        raise PydanticCustomError(
            "size", "is not a size", {"fix": 'write it like 4096, "64KiB" or "1MiB"'}
        )
    return size


def format_duration(value: timedelta) -> str:
    """Return the shortest form that reads back as the same duration."""
    milliseconds = round(value.total_seconds() * 1000)
    for unit, length in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds >= length and milliseconds % length == 0:
            if unit == "d" and milliseconds == length:
                continue
            return f"{milliseconds // length}{unit}"
    return f"{milliseconds}ms" if milliseconds else "0s"


def format_size(value: int) -> str:
    """Return the shortest form that reads back as the same size."""
    for unit in ("GiB", "MiB", "KiB"):
        if value and value % _SIZES[unit] == 0:
            return f"{value // _SIZES[unit]}{unit}"
    return f"{value}B"


_DURATION_SCHEMA = {
    "anyOf": [
        {"type": "string", "pattern": rf"^{_DURATION.pattern}$", "format": "signward-duration"},
        {"type": "number", "minimum": 0},
    ]
}
_SIZE_SCHEMA = {
    "anyOf": [
        {"type": "string", "pattern": rf"^{_SIZE.pattern}$", "format": "signward-size"},
        {"type": "integer", "minimum": 0},
    ]
}

Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema(_DURATION_SCHEMA),
]
Size = Annotated[int, BeforeValidator(_size), WithJsonSchema(_SIZE_SCHEMA)]
