"""A clock that stands still until it is moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(slots=True)
class SteppedClock:
    """Implements ``core.ports.Clock``."""

    wall: datetime = datetime(2026, 11, 21, 12, tzinfo=UTC)
    boot: float = 1_000.0

    def now(self) -> datetime:
        return self.wall

    def time(self) -> float:
        return self.wall.timestamp()

    def monotonic(self) -> float:
        return self.boot

    def pass_time(self, duration: timedelta) -> None:
        """Let time pass on both clocks."""
        self.wall += duration
        self.boot += duration.total_seconds()

    def step_wall(self, by: timedelta) -> None:
        """Set the wall clock, as an operator or NTP would."""
        self.wall += by
