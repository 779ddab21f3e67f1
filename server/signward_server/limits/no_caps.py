"""The stand-in while there are no caps on spending."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from signward_server.core.identity import Identity
from signward_server.core.keys import Key
from signward_server.core.signing import Intent

__all__ = ["NoCaps"]

_NO_TOTALS: Mapping[str, int] = MappingProxyType({})


class _Nothing:
    """A reservation of nothing."""

    @property
    def totals(self) -> Mapping[str, int]:
        """No totals."""
        return _NO_TOTALS

    def release(self) -> None:
        """Return."""


_NOTHING = _Nothing()


class NoCaps:
    """Counts nothing; implements ``ports.Caps``."""

    def reserve(self, identity: Identity, key: Key, intent: Intent) -> _Nothing:
        """Return a reservation of nothing."""
        return _NOTHING
