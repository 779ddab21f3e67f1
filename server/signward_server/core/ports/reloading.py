"""Changing what is in force without a restart."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["ReloadPart", "Reloaded", "Reloads"]


class ReloadPart(enum.StrEnum):
    """What can change while the daemon runs."""

    POLICY = "policy"
    CERTIFICATES = "certificates"
    LIMITS = "limits"
    GROUPS = "groups"
    LOG = "log"
    REFERENCES = "references"


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What is in force of one part, after it was looked at again.

    Attributes:
        part: Which part.
        version: SHA-256 of what is in force, in hex.
        changed: Whether that is another than before.
        problem: Why the old one stays, or some of it; empty if the new one is in force.
    """

    part: ReloadPart
    version: str
    changed: bool
    problem: str = ""


class Reloads(Protocol):
    """Reads again what the daemon was started with."""

    def reload(self, parts: Iterable[ReloadPart], *, wait: bool = True) -> Sequence[Reloaded]:
        """Put what is on disk now into force, part by part; a bad one keeps the old.

        Args:
            parts: Which; all if none is named.
            wait: For another reload to end; else it is an error that one is under way.

        Returns:
            What is in force of each, in the order of ``ReloadPart``.

        Raises:
            RateLimited: Another is under way.
        """
        ...
