"""Addresses of Ethereum's form, in the API: any case in, the capitals of EIP-55 out."""

from __future__ import annotations

from functools import lru_cache

from sha3 import keccak_256

from signward_server.core.ethereum import address_of, checksummed, lowered

__all__ = ["address_of_key", "read_address", "shown_address"]

_KEPT = 8192


def read_address(text: str) -> str | None:
    """Return an address in lower case, ``None`` if it is none; see ``core.ethereum.lowered``."""
    return lowered(text, _keccak)


def shown_address(address: str) -> str:
    """Return a lower-case address as the API shows it."""
    return checksummed(address, _keccak)


@lru_cache(_KEPT)
def address_of_key(uncompressed: bytes) -> str:
    """Return the address of a secp256k1 public key, 65 bytes, as the API shows it."""
    return shown_address(address_of(uncompressed, _keccak))


def _keccak(data: bytes) -> bytes:
    digest: bytes = keccak_256(data).digest()
    return digest
