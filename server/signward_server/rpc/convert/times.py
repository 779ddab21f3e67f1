"""Times and durations as messages, and times back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

__all__ = ["duration", "moment", "timestamp"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NANOS = 1_000_000_000


def timestamp(moment: datetime) -> Timestamp:
    """Return a UTC time as a message."""
    message = Timestamp()
    message.FromDatetime(moment)
    return message


def duration(span: timedelta) -> Duration:
    """Return a duration as a message."""
    message = Duration()
    message.FromTimedelta(span)
    return message


def moment(message: Timestamp) -> datetime | None:
    """Return a time in UTC, in whole microseconds; ``None`` if it is none of the calendar's."""
    if not 0 <= message.nanos < _NANOS:
        return None
    try:
        return _EPOCH + timedelta(seconds=message.seconds, microseconds=message.nanos // 1000)
    except OverflowError:
        return None
