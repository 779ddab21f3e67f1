"""A lease that runs out when a test says so."""

from __future__ import annotations

from collections.abc import Callable

from signward_server.core.errors import StoreUnavailable

__all__ = ["FakeLease"]


class FakeLease:
    """Implements ``core.ports.Lease``.

    Attributes:
        held: Whether it is.
        asked: Called whenever somebody must know.
    """

    def __init__(self) -> None:
        self.held = True
        self.asked: Callable[[], None] = lambda: None

    def ensure_held(self) -> None:
        self.asked()
        if not self.held:
            raise StoreUnavailable
