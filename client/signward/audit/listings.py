"""What the first log of a home says of the others: which there are, and how far they had come.

A record of event ``listed`` has in its ``details`` ``logs``, the number of logs in the list;
``sha256``, that of the list's text; and under the name of each other log's folder the size of its
newest checkpoint and its root in base64, with a space between. So the first log pins the list and
the beginnings of all logs in it: nobody can drop one, or put back an older state of one, and leave
the first log as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from signward.audit.base64_text import decode_base64, encode_base64
from signward.audit.checkpoints import Checkpoint
from signward.audit.errors import RecordError
from signward.audit.folder import LogFolder
from signward.audit.log_list import LogList
from signward.audit.merkle import HASH_SIZE
from signward.audit.notes import Note
from signward.audit.reading import read_bodies
from signward.audit.records import decode_record

__all__ = ["EVENT", "Listing", "details_of", "listing_in", "newest_listing"]

EVENT = "listed"
_BYTES = b'"event":"listed"'
_HEAD = re.compile(r"(0|[1-9][0-9]{0,18}) ([A-Za-z0-9+/]{43}=)")


@dataclass(frozen=True, slots=True)
class Listing:
    """What one such record says.

    Attributes:
        sequence: Number of the record.
        logs: How many logs there were.
        digest: SHA-256 of the list, in hex.
        heads: Size and root (32 bytes) of other logs, by their folders.
    """

    sequence: int
    logs: int
    digest: str
    heads: Mapping[str, tuple[int, bytes]] = field(default_factory=dict)

    def is_of(self, found: LogList) -> bool:
        """Return whether a list is the one that the record speaks of, or goes on from it."""
        return self.logs <= len(found) and found.digest(self.logs) == self.digest

    def checkpoint(self, name: str, folder: str) -> Checkpoint | None:
        """Return how far a log had come, as a checkpoint without a signature."""
        if folder not in self.heads:
            return None
        size, root = self.heads[folder]
        return Checkpoint(f"{name}/{folder}", size, root, Note("", ()))


def details_of(found: LogList, heads: Mapping[str, Checkpoint]) -> dict[str, str | int]:
    """Return the details of the record; ``heads`` by folder."""
    details: dict[str, str | int] = {"logs": len(found), "sha256": found.digest()}
    for folder, head in heads.items():
        details[folder] = f"{head.size} {encode_base64(head.root)}"
    return details


def listing_in(body: bytes) -> Listing | None:
    """Return what a record says, ``None`` if it is not of this event."""
    if _BYTES not in body:
        return None
    try:
        record = decode_record(body)
    except RecordError:
        return None
    logs, digest = record.details.get("logs"), record.details.get("sha256")
    if record.event != EVENT or not isinstance(logs, int) or not isinstance(digest, str):
        return None
    return Listing(record.seq, logs, digest, dict(_heads(record.details)))


def newest_listing(folder: LogFolder) -> Listing | None:
    """Return what the first log said last of the others, ``None`` if it never did.

    Nothing is verified. The newest segment that says something is read as a whole.

    Raises:
        AuditError: The log is damaged.
        OSError: A file cannot be read.
    """
    after: int | None = None
    for first in reversed(folder.segments):
        newest: Listing | None = None
        for sequence, body in read_bodies(folder, first):
            if after is not None and sequence >= after:
                break
            newest = listing_in(body) or newest
        if newest is not None:
            return newest
        after = first
    return None


def _heads(details: Mapping[str, object]) -> Iterator[tuple[str, tuple[int, bytes]]]:
    for name, value in details.items():
        found = _HEAD.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            continue
        try:
            root = decode_base64(found[2])
        except ValueError:
            continue
        if len(root) == HASH_SIZE:
            yield name, (int(found[1]), root)
