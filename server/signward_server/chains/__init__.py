"""Payload to Intent and bytes to sign; signatures to a result. Pure.

A chain is one folder here and one line in the registry below.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from signward_server.chains.hyperliquid import HyperliquidChain, NoReferences
from signward_server.chains.order import DEFAULT_WINDOW_MS, OrderChain
from signward_server.chains.raw import RawChain
from signward_server.core.payloads import Payload
from signward_server.core.ports import Chain, References

__all__ = ["all_chains"]


def all_chains(
    *, order_window_ms: int = DEFAULT_WINDOW_MS, references: References | None = None
) -> Mapping[type[Payload], Chain]:
    """Return every chain by the payload that it decodes.

    Args:
        order_window_ms: How far an order's timestamp may lie from now, in milliseconds.
        references: Prices that orders of the Hyperliquid exchange are judged by (S32).

    Raises:
        ValueError: The window is not above 0.
    """
    chains: tuple[Chain, ...] = (
        RawChain(),
        OrderChain(window_ms=order_window_ms),
        HyperliquidChain(references=references or NoReferences()),
    )
    return MappingProxyType({chain.payload_type: chain for chain in chains})
