"""Addresses as Ethereum has them, which Hyperliquid uses too.

Inside the daemon an address is ``0x`` and 40 lower-case hex digits; capitals are for people
(EIP-55). Keccak-256 (as Ethereum uses it, not FIPS 202) is no part of the standard library:
whoever calls brings one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

__all__ = ["Keccak", "address_of", "checksummed", "lowered"]

Keccak: TypeAlias = Callable[[bytes], bytes]
"""Returns the 32 bytes of Keccak-256."""

_ADDRESS_SIZE = 20
_CAPITAL_FROM = 8  # EIP-55: a letter is a capital where the hash has a digit from 8 on

_is_address = re.compile(r"0x[0-9a-fA-F]{40}").fullmatch


def address_of(uncompressed: bytes, keccak: Keccak) -> str:
    """Return the address of a secp256k1 public key (yellow paper, appendix F).

    Args:
        uncompressed: 65 bytes (SEC 1), see ``PublicKey.uncompressed``.
        keccak: Keccak-256.
    """
    return f"0x{keccak(uncompressed[1:])[-_ADDRESS_SIZE:].hex()}"


def checksummed(address: str, keccak: Keccak) -> str:
    """Return a lower-case address with the capitals of EIP-55."""
    digits = address[2:]
    marks = keccak(digits.encode("ascii")).hex()
    shown = (
        digit.upper() if int(mark, 16) >= _CAPITAL_FROM else digit
        for digit, mark in zip(digits, marks, strict=False)
    )
    return f"0x{''.join(shown)}"


def lowered(text: str, keccak: Keccak) -> str | None:
    """Return an address in lower case.

    Returns:
        ``None`` if it is none: ``0x`` and 40 hex digits, all small, all capital, or mixed as
        EIP-55 mixes them.
    """
    if not _is_address(text):
        return None
    digits, address = text[2:], text.lower()
    if digits in (digits.lower(), digits.upper()):
        return address
    return address if text == checksummed(address, keccak) else None
