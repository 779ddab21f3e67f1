"""The stand-ins while there are no rate limits and no caps."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from signward_server.core.identity import Identity
from signward_server.core.keys import Key
from signward_server.core.method_classes import MethodClass
from signward_server.core.signing import Intent

__all__ = ["NoCaps", "Unlimited"]

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


class Unlimited:
    """Admits everything; implements ``ports.Limits``."""

    blocking = False

    def admit(self, identity: Identity, what: MethodClass, key: str = "", cost: int = 1) -> None:
        """Return."""
