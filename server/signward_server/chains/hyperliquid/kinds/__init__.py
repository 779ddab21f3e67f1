"""Every kind of action that is known; a new one is a file here and a line below."""

from __future__ import annotations

from types import MappingProxyType

from signward_server.chains.hyperliquid.kinds.cancel import CANCEL
from signward_server.chains.hyperliquid.kinds.order import ORDER

__all__ = ["KINDS", "KINDS_BY_WIRE"]

_ALL = (
    ORDER,
    CANCEL,
)

KINDS = MappingProxyType({kind.name: kind for kind in _ALL})
"""By their names in the API."""

KINDS_BY_WIRE = MappingProxyType({kind.wire: kind for kind in _ALL if kind.wire})
"""By the exchange's ``type``."""
