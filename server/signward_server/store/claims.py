"""What is remembered of a request that was signed, and the row that it is in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["ClaimRow", "StoredClaim"]


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A remembered request.

    Attributes:
        content: SHA-256 of what was asked for.
        version: Key version that it resolved to at first use.
        time: From when its retention counts, in microseconds: when it was made, and
            ``NUMBERED_LONGER`` later for one with a nonce.
        nonce: The nonce that it got, ``None`` for none.
    """

    content: bytes
    version: int
    time: int
    nonce: int | None = None


class StoredClaim(NamedTuple):
    """A row of ``requests`` as it is stored, without its scope; in the order of the columns."""

    identity: str
    content: bytes
    version: int
    claim_time: int
    key_id: str | None
    previous: int | None
    nonce: int | None
    mac: bytes | None = None
