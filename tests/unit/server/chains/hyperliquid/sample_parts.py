"""What samples are made of."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ADDRESS", "CLOID", "LOWER", "NONCE", "TOKEN", "Sample"]

ADDRESS = "0x" + "Ab" * 20
LOWER = ADDRESS.lower()
CLOID = "0x" + "0C" * 16
TOKEN = "PURR:0xc4bf3f870c0e9465323c0b6ed28096c2"  # noqa: S105  # of the exchange
NONCE = 1_700_000_000_123


class Sample(NamedTuple):
    record: dict[str, object]
    wire: dict[str, object]
