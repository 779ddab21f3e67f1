"""User-signed actions: their form as typed data, and on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from signward_server.chains.hyperliquid.packing import CHAIN_ID, struct_type

__all__ = ["TypedForm", "user_signed"]

_CHAINS = {"mainnet": "Mainnet", "testnet": "Testnet"}


@dataclass(frozen=True, slots=True)
class TypedForm:
    """How a user-signed action is typed data (EIP-712).

    Attributes:
        name: Of its struct, without ``HyperliquidTransaction:``.
        fields: Type and name of each field after ``hyperliquidChain``; the last one is the
            nonce, ``nonce`` or ``time``.
        type_hash: Of the struct, 32 bytes.
    """

    name: str
    fields: tuple[tuple[str, str], ...]
    type_hash: bytes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", (("string", "hyperliquidChain"), *self.fields))
        object.__setattr__(self, "type_hash", self.hash_with(()))

    def hash_with(self, more: Iterable[tuple[str, str]]) -> bytes:
        """Return the typeHash of the struct with more fields after ``hyperliquidChain``."""
        return struct_type(f"HyperliquidTransaction:{self.name}", self.fields_with(more))

    def fields_with(self, more: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Return its fields with more of them after ``hyperliquidChain``."""
        return (self.fields[0], *more, *self.fields[1:])


def user_signed(kind: str, network: str, fields: Mapping[str, object]) -> dict[str, object]:
    """Return the wire form of a user-signed action.

    Args:
        kind: The exchange's ``type``.
        network: ``mainnet`` or ``testnet``.
        fields: Its own fields, the nonce last, as 0.
    """
    return {
        "type": kind,
        "signatureChainId": CHAIN_ID,
        "hyperliquidChain": _CHAINS[network],
        **fields,
    }
