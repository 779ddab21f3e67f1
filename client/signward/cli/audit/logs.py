"""Which of the logs of a home a command is about."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from pathlib import Path

from signward.audit.errors import AuditError, NoteError, SegmentError
from signward.audit.folder import LogFolder, list_folder, mapped
from signward.audit.homes import LogPlace, worker_places
from signward.audit.log_list import FIRST
from signward.audit.reading import RecordFilter
from signward.audit.records import Record
from signward.audit.segments import read_header, segment_name
from signward.cli.audit.inputs import log_folder
from signward.cli.audit.matching import matching

__all__ = ["by_time", "chosen", "merged", "one_of", "opened", "places_in"]

_FIRST_NAMES = ("worker-0", FIRST)


def places_in(path: Path) -> list[LogPlace]:
    """Return the logs in a home or in the folder of a log, whatever the list of logs says.

    Raises:
        AuditError: There is none.
        OSError: A folder cannot be listed.
    """
    folder = log_folder(path)
    return worker_places(folder, _origin(folder))


def chosen(places: Sequence[LogPlace], log: str) -> list[LogPlace]:
    """Return the logs that are meant: the one that is named, without a name all of them.

    Raises:
        AuditError: There is none of this name.
    """
    if not log:
        return list(places)
    wanted = FIRST if log in _FIRST_NAMES else log
    found = [place for place in places if wanted in (place.folder, place.origin)]
    if not found:
        known = ", ".join(place.origin for place in places)
        raise AuditError(f"there is no log {log} here, but {known}")
    return found


def one_of(places: Sequence[LogPlace], log: str) -> LogPlace:
    """Return the one log that is meant.

    Raises:
        AuditError: There is none of this name, or none is named and there are several.
    """
    found = chosen(places, log)
    if len(found) > 1:
        known = ", ".join(place.origin for place in found)
        raise AuditError(f"there are several logs; name one with --log: {known}")
    return found[0]


def opened(place: LogPlace) -> LogFolder:
    """Look what is in the folder of a log.

    Raises:
        AuditError: There is no log in it.
        OSError: It cannot be listed.
    """
    folder = list_folder(place.path)
    if not folder.segments:
        raise AuditError(f"{place.path}: there is no audit log in this folder")
    return folder


def merged(
    places: Sequence[LogPlace], wanted: RecordFilter, start: int = 0
) -> Iterator[tuple[str, bytes, Record]]:
    """Yield the records of logs that fit, by their times: of which log, as it stands, decoded.

    Those of one log stay in the order of their numbers, also where its clock stepped back. Of
    records with one time those of the log that was begun first come first.

    Raises:
        AuditError: A log is damaged.
        OSError: A file cannot be read.
    """

    def of(place: LogPlace) -> Iterator[tuple[str, bytes, Record]]:
        for body, record in matching(opened(place), wanted, start):
            yield place.origin, body, record

    yield from by_time([of(place) for place in places])


def by_time(
    logs: Sequence[Iterator[tuple[str, bytes, Record]]],
) -> Iterator[tuple[str, bytes, Record]]:
    """Merge the records of logs as ``merged`` says; logs in the order in which they were begun."""
    # Of what compares as equal, heapq.merge yields that of the earlier one first.
    yield from heapq.merge(*logs, key=lambda each: each[2].time)


def _origin(folder: Path) -> str:
    """Return the origin of the log in a folder, as its oldest segment says."""
    found = list_folder(folder)
    if not found.segments:
        raise AuditError(f"{folder}: there is no audit log in this folder")
    first = found.segments[0]
    try:
        with mapped(found.segment(first)) as data:
            return read_header(data, segment_name(first))[0].log
    except (SegmentError, NoteError):
        return ""  # it is damaged, as whoever reads it will say
