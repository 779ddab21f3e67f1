"""A clock that moves when a test says so."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["MovingClock"]


class MovingClock:
    """Implements ``core.ports.Clock``."""

    def __init__(self, start: datetime = datetime(2030, 1, 1, tzinfo=UTC)) -> None:
        self.wall = start.timestamp()
        self.boot = 1000.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.wall, UTC)

    def time(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.boot

    def advance(self, seconds: float) -> None:
        self.wall += seconds
        self.boot += seconds
