"""The tree over the log, and the file of its stored hashes.

The file is derived from the records: it makes proofs and a quick start possible, and nothing in
it is believed that does not lead to the root of a checkpoint.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from signward.audit.merkle import HASH_SIZE, CompactRange, leaf_hash
from signward.audit.stored import frontier_at, stored_hash_count, stored_hash_index

from signward_server.audit.files import Files, write_all

__all__ = ["Tree", "stored_node"]

_SLICE = 32  # records that are hashed at a time: about 0.1 ms
_PAUSE = 0.0003  # seconds after each, in which other threads run
_WHOLE = 4096  # records at a time where nobody waits
_HOLE = bytes(HASH_SIZE)  # what is read where ``anew`` left out a hash


class Tree:
    """The tree, kept as its frontier in memory and its hashes on disk; one thread adds to it.

    Args:
        files: The file system.
        path: The file of stored hashes; made if it is missing.
        tree: The tree as far as the file has it.
    """

    def __init__(self, files: Files, path: Path, tree: CompactRange) -> None:
        self._files = files
        self._path = path
        self._tree = tree
        self._saved = stored_hash_count(tree.size) * HASH_SIZE
        self._unsaved: list[bytes] = []
        self._whole = True  # whether the file ends where it should
        self._writing = files.reopen(path)
        self._reading = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    @property
    def size(self) -> int:
        """How many records are in it."""
        return self._tree.size

    @property
    def frontier(self) -> tuple[bytes, ...]:
        """Its complete subtrees, largest first."""
        return self._tree.nodes

    def root(self) -> bytes:
        """Return its root, 32 bytes."""
        return self._tree.root()

    def add(self, bodies: Iterable[bytes], *, pausing: bool = True) -> None:
        """Add records.

        Args:
            bodies: Without their framing.
            pausing: Whether to let other threads run every tenth of a millisecond.
        """
        bodies = iter(bodies)
        while part := list(islice(bodies, _SLICE if pausing else _WHOLE)):
            self._unsaved += self._tree.extend(map(leaf_hash, part))
            if pausing:
                time.sleep(_PAUSE)

    def save(self) -> None:
        """Write what was added to the file.

        Raises:
            OSError: It is not there, or not wholly; calling it again puts that right.
        """
        if not self._unsaved and self._whole:
            return
        if not self._whole:
            self._files.cut(self._path, self._saved)
        self._whole = False
        data = b"".join(self._unsaved)
        write_all(self._files, self._writing, data)
        self._whole = True
        self._saved += len(data)
        self._unsaved.clear()

    def node(self, level: int, n: int) -> bytes:
        """Return the hash of a complete subtree that was saved.

        Raises:
            LookupError: It is not in the file.
            OSError: It cannot be read.
        """
        return _read(self._reading, level, n)

    def close(self) -> None:
        """Close the file."""
        os.close(self._writing)
        os.close(self._reading)

    @classmethod
    def stored(cls, files: Files, path: Path, size: int, root: bytes) -> Tree | None:
        """Return the tree of a size as the file has it, if that has this root.

        What the file holds beyond that is cut off.

        Raises:
            OSError: The file cannot be read or cut.
        """
        try:
            reading = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            nodes = frontier_at(size, lambda level, n: _read(reading, level, n))
        except LookupError:
            return None
        finally:
            os.close(reading)
        tree = CompactRange(size, nodes)
        if tree.root() != root:
            return None
        files.cut(path, stored_hash_count(size) * HASH_SIZE)
        return cls(files, path, tree)

    @classmethod
    def anew(cls, files: Files, path: Path, size: int, frontier: Sequence[bytes]) -> Tree:
        """Begin the file again at a size of which the frontier is known.

        What lies below the frontier stays empty: no proof of a record from there on needs it.

        Raises:
            OSError: The file cannot be written.
        """
        files.remove(path)
        os.close(files.create(path))
        files.cut(path, stored_hash_count(size) * HASH_SIZE)
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            for (level, n), node in zip(_places(size), frontier, strict=True):
                os.pwrite(descriptor, node, stored_hash_index(level, n) * HASH_SIZE)
        finally:
            os.close(descriptor)
        return cls(files, path, CompactRange(size, frontier))


def stored_node(path: Path, level: int, n: int) -> bytes:
    """Return the hash of a complete subtree from the file of a log that somebody else writes.

    Raises:
        LookupError: It is not in the file.
        OSError: It cannot be read.
    """
    reading = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return _read(reading, level, n)
    finally:
        os.close(reading)


def _places(size: int) -> list[tuple[int, int]]:
    """Return level and number of each subtree in the frontier of a tree, largest first."""
    found = []

    def note(level: int, n: int) -> bytes:
        found.append((level, n))
        return b""

    frontier_at(size, note)
    return found


def _read(descriptor: int, level: int, n: int) -> bytes:
    node = os.pread(descriptor, HASH_SIZE, stored_hash_index(level, n) * HASH_SIZE)
    if len(node) != HASH_SIZE or node == _HOLE:
        raise LookupError("this hash is not stored")
    return node
