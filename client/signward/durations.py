"""Durations as the API has them."""

from __future__ import annotations

from datetime import timedelta

from google.protobuf.duration_pb2 import Duration

__all__ = ["duration_message"]


def duration_message(value: timedelta | None) -> Duration | None:
    """Return a duration as a message, ``None`` for an absent one."""
    if value is None:
        return None
    duration = Duration()
    duration.FromTimedelta(value)
    return duration
