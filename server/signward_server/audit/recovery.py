"""What a log is when the daemon starts: verified from its last checkpoint on, its torn end cut."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from signward.audit.checkpoints import Checkpoint
from signward.audit.errors import RecordError, SegmentError
from signward.audit.framing import FRAME_HEAD, MAX_RECORD, Buffer, frames
from signward.audit.records import decode_record
from signward.audit.segments import Header, read_header

from signward_server.audit.beginning import Place
from signward_server.audit.checkpoint_key import CheckpointKey
from signward_server.audit.cuts import Cut, announce_cut, pending_cuts
from signward_server.audit.last_checkpoint import OTHER_LOG, last_checkpoint, signed_checkpoint
from signward_server.audit.replay import (
    DAMAGED,
    content_of,
    refuse_other_tree,
    replay_last,
    replay_sealed,
)
from signward_server.audit.segment import Segment
from signward_server.audit.tree import Tree
from signward_server.core.ports import Clock
from signward_server.core.startup import AuditRefused

__all__ = ["Recovered", "recover"]


@dataclass(frozen=True, slots=True)
class Recovered:
    """A log that can be written to.

    Attributes:
        segment: The last segment, open.
        tree: The tree over all records.
        checkpoint: The last one, ``None`` if there is none.
        cuts: What was cut, now or earlier, and no record may tell of yet.
    """

    segment: Segment
    tree: Tree
    checkpoint: Checkpoint | None
    cuts: list[Cut]


def recover(place: Place, key: CheckpointKey, clock: Clock) -> Recovered:
    """Verify the end of a log and cut what a crash has left unfinished.

    Args:
        place: The log; the caller holds its lock.
        key: Of its checkpoints.
        clock: Says how old the last segment is.

    Raises:
        AuditRefused: There is no log, it is another one, or it lacks what a checkpoint says.
        OSError: It cannot be read, or not be cut.
    """
    for draft in place.folder.drafts():
        place.files.remove(draft)
    checkpoint = last_checkpoint(place, key)
    segments = _begun(place, checkpoint)
    path = place.folder.segment(segments[-1])
    with content_of(path) as content:
        header, offset = _header(content, path, key)
        if header.checkpoint:
            own = signed_checkpoint(header.checkpoint.encode(), key, path.name)
            refuse_other_tree(header, own)
            if checkpoint is None or checkpoint.size < own.size:
                checkpoint = own
        tree = _tree(place, segments, header, checkpoint)
        last = replay_last(path, content, (header, offset), tree, checkpoint)
        if checkpoint is not None and checkpoint.size > last.number:
            raise AuditRefused(
                f"the audit log holds {last.number} records, but a checkpoint of "
                f"{checkpoint.size} was signed",
                DAMAGED,
            )
        created = clock.monotonic() - _age(content, offset, last.size, clock)
        rest = content[last.size :]
        cut: Cut = {"segment": path.name, "bytes": len(rest), "sha256": sha256(rest).hexdigest()}
        is_cut = len(rest) > 0
    descriptor = place.files.reopen(path)
    if is_cut:
        announce_cut(place, cut)
        place.files.cut(path, last.size)
    place.files.sync(descriptor)
    _sweep(place, set(segments))
    place.files.sync_folder(place.folder.path)
    segment = Segment(
        place.files,
        place.folder,
        header=header,
        descriptor=descriptor,
        size=last.size,
        marks=last.marks,
        created=created,
    )
    return Recovered(segment, tree, checkpoint, pending_cuts(place))


def _begun(place: Place, checkpoint: Checkpoint | None) -> list[int]:
    """Return the segments, without a last one that was never begun: its header is not whole."""
    segments = place.folder.segments()
    if not segments:
        raise AuditRefused(
            f"there is no audit log in {place.folder.path}",
            "put it back, or begin one with `signward audit init`",
        )
    first = segments[-1]
    path = place.folder.segment(first)
    is_covered = checkpoint is not None and checkpoint.size > first
    if len(segments) > 1 and not is_covered and path.stat().st_size <= FRAME_HEAD + MAX_RECORD:
        with content_of(path) as content:
            try:
                read_header(content, path.name)
            except SegmentError:
                segments.pop()
                place.files.remove(place.folder.uploaded(segments[-1]))  # it goes on
                announce_cut(place, {"removed": path.name})
                place.files.remove(path)
    return segments


def _header(content: Buffer, path: Path, key: CheckpointKey) -> tuple[Header, int]:
    try:
        header, offset = read_header(content, path.name)
    except SegmentError as exc:
        raise AuditRefused(f"the audit log is damaged: {exc}", DAMAGED) from exc
    if header.log != key.verifier.name:
        raise AuditRefused(
            f"the audit log in {path.parent} is {header.log}, but audit.origin is "
            f"{key.verifier.name}",
            OTHER_LOG,
        )
    return header, offset


def _tree(place: Place, segments: list[int], header: Header, checkpoint: Checkpoint | None) -> Tree:
    """Return the tree at the last checkpoint or, from all records, at the last segment."""
    folder = place.folder
    if checkpoint is not None and checkpoint.size >= header.first:
        stored = Tree.stored(place.files, folder.hashes, checkpoint.size, checkpoint.root)
        if stored is not None:
            return stored
    headers = []
    for first in segments[:-1]:
        path = folder.segment(first)
        with content_of(path) as content:
            try:
                headers.append(read_header(content, path.name)[0])
            except SegmentError as exc:
                raise AuditRefused(f"the audit log is damaged: {exc}", DAMAGED) from exc
    headers.append(header)
    tree = Tree.anew(place.files, folder.hashes, headers[0].first, headers[0].frontier)
    for first, following in zip(segments, headers[1:], strict=False):
        replay_sealed(folder.segment(first), tree, following)
    return tree


def _age(content: Buffer, offset: int, stop: int, clock: Clock) -> float:
    """Return for how many seconds a segment has been written to, by its first record."""
    for _, body in frames(content, offset, stop, "", 0):
        try:
            began = decode_record(body).time
        except RecordError:
            break  # who verifies will hear of it
        return max(0.0, (clock.now() - began).total_seconds())
    return 0.0


def _sweep(place: Place, segments: set[int]) -> None:
    """Remove what lies beside segments that are not there any more."""
    for path, first in place.folder.beside().items():
        if first not in segments:
            place.files.remove(path)
