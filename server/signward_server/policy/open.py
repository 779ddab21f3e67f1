"""The stand-in while there is no policy engine: whoever is authenticated may do anything.

The daemon binds nothing but loopback and Unix sockets while this is in force, and says
so in its banner.
"""

from __future__ import annotations

from collections.abc import Mapping

from signward_server.core.identity import Identity
from signward_server.core.keys import Key
from signward_server.core.signing import Intent

__all__ = ["OpenPolicy"]


class OpenPolicy:
    """Allows everything; implements ``ports.Policy``."""

    def authorize(
        self,
        identity: Identity,
        action: str,
        key: Key | None,
        intent: Intent | None = None,
        totals: Mapping[str, int] | None = None,
    ) -> None:
        """Return."""
