"""Times at which something shall end, as the API has them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

__all__ = ["expiry_message"]


def expiry_message(expires: datetime | timedelta) -> Timestamp:
    """Return a time, or how long from now, as a message.

    Raises:
        ValueError: It has no time zone.
    """
    if isinstance(expires, timedelta):
        expires = datetime.now(UTC) + expires
    if expires.tzinfo is None:
        raise ValueError("expires needs a time zone")
    timestamp = Timestamp()
    timestamp.FromDatetime(expires)
    return timestamp
