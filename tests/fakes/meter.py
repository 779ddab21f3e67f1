"""A meter that remembers."""

from __future__ import annotations

from signward_server.core.keys import CustodyKind, Purpose
from signward_server.core.ports import Event, Level

__all__ = ["FakeMeter"]


class FakeMeter:
    """Implements ``core.ports.Meter``."""

    def __init__(self) -> None:
        self.counted: list[tuple[Event, str]] = []
        self.levels: dict[Level, float] = {}
        self.observed: list[tuple[str, str, float, bool]] = []
        self.signatures: list[tuple[Purpose, CustodyKind]] = []

    def count(self, event: Event, detail: str = "") -> None:
        self.counted.append((event, str(detail)))

    def level(self, level: Level, value: float) -> None:
        self.levels[level] = value

    def observe(self, method: str, status: str, seconds: float, *, item: bool = False) -> None:
        self.observed.append((method, status, seconds, item))

    def signed(self, purpose: Purpose, custody: CustodyKind) -> None:
        self.signatures.append((purpose, custody))
