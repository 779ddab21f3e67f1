"""The meter of a daemon that nobody measures."""

from __future__ import annotations

from signward_server.core.ports import Event, Level

__all__ = ["Unmetered"]


class Unmetered:
    """Implements ``core.ports.Meter``."""

    def count(self, event: Event, detail: str = "") -> None:
        """Count nothing."""

    def level(self, level: Level, value: float) -> None:
        """Keep nothing."""
