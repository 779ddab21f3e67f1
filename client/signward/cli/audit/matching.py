"""Records of a log's folder that fit."""

from __future__ import annotations

from collections.abc import Iterator

from signward.audit.folder import LogFolder
from signward.audit.reading import RecordFilter, read_bodies
from signward.audit.records import Record, decode_record

__all__ = ["matching"]


def matching(
    folder: LogFolder, wanted: RecordFilter, start: int = 0
) -> Iterator[tuple[bytes, Record]]:
    """Yield records that fit, as they stand in the log and decoded.

    Raises:
        AuditError: The log is damaged.
        OSError: A file cannot be read.
    """
    for _, body in read_bodies(folder, start):
        if wanted.may_match(body):
            record = decode_record(body)
            if wanted.matches(record):
                yield body, record
