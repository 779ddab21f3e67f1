"""Addresses of accounts and agents."""

from __future__ import annotations

from signward_server.chains.hyperliquid.packing import keccak
from signward_server.core.ethereum import address_of as address_of_point
from signward_server.core.public_key import PublicKey

__all__ = ["address_of"]


def address_of(public_key: PublicKey) -> str:
    """Return the address of a secp256k1 key, ``0x`` and 40 lower-case hex digits."""
    return address_of_point(public_key.uncompressed, keccak)
