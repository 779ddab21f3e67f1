"""Which identities are in which groups."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from signward_server.core.identity import Identity

__all__ = ["Groups"]


class Groups:
    """Groups of identities, fixed; groups are in no other groups.

    Args:
        members: Names of groups and who is in them.
    """

    __slots__ = ("_of", "names", "version")

    def __init__(self, members: Mapping[str, Sequence[Identity]]) -> None:
        of: dict[str, set[str]] = {}
        for name, identities in members.items():
            for identity in identities:
                of.setdefault(str(identity), set()).add(name)
        self._of = {identity: tuple(sorted(names)) for identity, names in of.items()}
        self.names = frozenset(members)
        """Names of all groups, empty ones included."""
        content = [sorted(self.names), sorted(self._of.items())]
        self.version = hashlib.sha256(json.dumps(content).encode()).hexdigest()
        """SHA-256 of what is in them, in hex."""

    def of(self, identity: str) -> tuple[str, ...]:
        """Return the groups of an identity in its typed form, in order of name."""
        return self._of.get(identity, ())
