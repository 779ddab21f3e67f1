"""The stand-in while there is no policy engine: whoever is authenticated may do anything.

The daemon binds nothing but loopback and Unix sockets while this is in force, and says
so in its banner.
"""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.core.keys import Key, KeyVersion
from signward_server.core.ports import Caller
from signward_server.core.signing import Intent

__all__ = ["OpenPolicy"]


class OpenPolicy:
    """Allows everything; implements ``ports.Policy``."""

    generation = object()

    def authorize(
        self,
        caller: Caller,
        action: str,
        key: Key | None,
        version: KeyVersion | None = None,
        intent: Intent | None = None,
        totals: Mapping[str, int] | None = None,
    ) -> None:
        """Return."""
