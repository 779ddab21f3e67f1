"""Records as rows of a table."""

from __future__ import annotations

from signward.audit.records import Record, format_time

__all__ = ["HEADER", "row", "short"]

HEADER = ("SEQUENCE", "TIME", "EVENT", "OUTCOME", "IDENTITY", "METHOD", "KEY", "VERSION")


def row(record: Record) -> tuple[str, ...]:
    """Return a record under ``HEADER``."""
    return (
        str(record.seq),
        format_time(record.time),
        record.event,
        record.outcome,
        record.identity,
        record.method.rpartition("/")[2],
        record.key,
        str(record.version or ""),
    )


def short(origin: str) -> str:
    """Return what tells a log from the others of its home."""
    last = origin.rpartition("/")[2]
    return last if last.startswith("worker-") else "worker-0"
