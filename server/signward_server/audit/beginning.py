"""Beginning a segment: its file, and the header that it starts with."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from signward.audit.framing import encode_frame
from signward.audit.segments import Header, encode_header

from signward_server.audit.files import Files, write_all
from signward_server.audit.folder import Folder
from signward_server.audit.groups import Group
from signward_server.audit.segment import Marks, Segment

__all__ = ["Place", "begin_log", "begin_segment", "replace_segment"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where segments are begun.

    Attributes:
        files: The file system.
        folder: The folder of the log.
    """

    files: Files
    folder: Folder


def begin_log(place: Place, origin: str) -> None:
    """Make the first segment of a log, empty, in a folder that exists.

    Raises:
        OSError: There is one, or it cannot be made.
    """
    header = Header(origin, 0, (), None, "")
    begin_segment(place, header, 0.0).close()
    place.files.sync_folder(place.folder.path)


def begin_segment(place: Place, header: Header, now: float) -> Segment:
    """Make the next segment; its name and its header are on the disk when this returns.

    Args:
        place: Where.
        header: How it begins.
        now: Monotonic seconds.

    Raises:
        OSError: It cannot be made; what there is of it stays behind.
    """
    segment = _written(place, place.folder.segment(header.first), header, (), now)
    place.files.sync_folder(place.folder.path)
    return segment


def replace_segment(place: Place, header: Header, groups: Sequence[Group], now: float) -> Segment:
    """Make a segment that begins with records that are not known to be on the disk.

    It appears complete or not at all, also where it takes the name of the bad one.

    Raises:
        OSError: It cannot be made.
    """
    draft = place.folder.draft(header.first)
    place.files.remove(draft)
    segment = _written(place, draft, header, groups, now)
    try:
        place.files.rename(draft, place.folder.segment(header.first))
        place.files.sync_folder(place.folder.path)
    except OSError:
        segment.close()
        raise
    return segment


def _written(
    place: Place, path: Path, header: Header, groups: Sequence[Group], now: float
) -> Segment:
    head = encode_frame(encode_header(header))
    descriptor = place.files.create(path)
    try:
        write_all(place.files, descriptor, head)
        marks, size = Marks(header.first, len(head)), len(head)
        for group in groups:
            if group.first >= marks.due:
                marks.add(group.first, size)
            write_all(place.files, descriptor, group.frames)
            size += len(group.frames)
        place.files.sync(descriptor)
    except OSError:
        os.close(descriptor)
        raise
    return Segment(
        place.files,
        place.folder,
        header=header,
        descriptor=descriptor,
        size=size,
        marks=marks,
        created=now,
    )
