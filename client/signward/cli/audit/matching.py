"""Records of a log's folder that fit."""

from __future__ import annotations

from collections.abc import Iterator

from signward.audit.errors import RecordError
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
    for sequence, body in read_bodies(folder, start):
        if wanted.may_match(body):
            try:
                record = decode_record(body)
            except RecordError as error:
                raise RecordError(f"{error}, number {sequence}") from error
            if wanted.matches(record):
                yield body, record
