"""A signed action, as all implementations are compared by."""

from __future__ import annotations

from dataclasses import dataclass

from tests.interop.hyperliquid.cases import Action

__all__ = ["Signed"]


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature and what it is over.

    Attributes:
        r: As an integer.
        s: As an integer.
        v: 27 or 28.
        hash: The hash of the action; user-signed: of its typed data.
        action: What is posted; ``None`` for one signature of several.
    """

    r: int
    s: int
    v: int
    hash: int
    action: Action | None = None
