"""Groups that stay in memory: not on the disk yet, or not hashed."""

from __future__ import annotations

from collections import deque

from signward_server.audit.groups import Group

__all__ = ["Kept"]

_MOST = 64 * 2**20  # bytes
_ROOM = 2 * 2**20  # more than any group


class Kept:
    """A queue of groups, by their numbers; the writer's turn protects it.

    Attributes:
        unwritten: How many at its end are not written yet.
    """

    __slots__ = ("_bytes", "_groups", "unwritten")

    def __init__(self) -> None:
        self._groups: deque[Group] = deque()
        self._bytes = 0
        self.unwritten = 0

    @property
    def is_full(self) -> bool:
        """Whether there may soon be no room."""
        return self._bytes >= _MOST - _ROOM

    def has_room(self, group: Group) -> bool:
        """Return whether one more may be kept."""
        return self._bytes + len(group.frames) <= _MOST

    def add(self, group: Group) -> None:
        """Keep a group, which follows the last one."""
        self._groups.append(group)
        self._bytes += len(group.frames)

    def next_unwritten(self) -> Group:
        """Return the first group that is not written yet, of which there are some."""
        return self._groups[-self.unwritten]

    def take(self, number: int) -> list[Group]:
        """Return the groups that end at or before a number, and keep them no more."""
        taken = []
        while self._groups and self._groups[0].end <= number:
            group = self._groups.popleft()
            self._bytes -= len(group.frames)
            taken.append(group)
        return taken

    def after(self, number: int) -> list[Group]:
        """Return the groups that end after a number."""
        return [group for group in self._groups if group.end > number]
