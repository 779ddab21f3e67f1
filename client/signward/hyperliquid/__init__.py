"""Actions of the Hyperliquid exchange, signed by the daemon.

``SignwardExchange`` takes the place of ``hyperliquid.exchange.Exchange`` and needs the extra
``[hyperliquid]``; everything else works with the base install.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from signward.hyperliquid.actions import Action, hyperliquid_payload
    from signward.hyperliquid.bodies import PostedBody, read_body
    from signward.hyperliquid.exchange import SignwardExchange
    from signward.hyperliquid.signer import Signer

__all__ = [
    "Action",
    "PostedBody",
    "Signer",
    "SignwardExchange",
    "hyperliquid_payload",
    "read_body",
]

_MODULES = {
    "Action": "signward.hyperliquid.actions",
    "PostedBody": "signward.hyperliquid.bodies",
    "Signer": "signward.hyperliquid.signer",
    "SignwardExchange": "signward.hyperliquid.exchange",
    "hyperliquid_payload": "signward.hyperliquid.actions",
    "read_body": "signward.hyperliquid.bodies",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
