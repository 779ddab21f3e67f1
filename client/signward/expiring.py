"""When something that the daemon keeps shall end, as the API has it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

__all__ = ["end_message"]


def end_message(expires: datetime | timedelta) -> Timestamp:
    """Return a time, or how long from now, as a message.

    Raises:
        ValueError: The time has no time zone.
    """
    if isinstance(expires, timedelta):
        expires = datetime.now(UTC) + expires
    if expires.tzinfo is None:
        raise ValueError("expires needs a time zone")
    timestamp = Timestamp()
    timestamp.FromDatetime(expires)
    return timestamp
