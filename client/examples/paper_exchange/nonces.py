"""The exchange's rule for nonces: the 100 highest of each signer are kept."""

from __future__ import annotations

import bisect

__all__ = ["KEPT", "Nonces"]

KEPT = 100
_DAY = 86_400_000  # milliseconds
_OLDEST, _NEWEST = 2 * _DAY, _DAY


class Nonces:
    """What each signer has used."""

    def __init__(self) -> None:
        self._used: dict[str, list[int]] = {}

    def problem(self, signer: str, nonce: int, now: int) -> str:
        """Say what is wrong with a nonce; empty: nothing. All times in milliseconds since 1970."""
        used = self._used.get(signer, [])
        if not now - _OLDEST < nonce < now + _NEWEST:
            return f"Invalid nonce: {nonce} is too far from {now}"
        if nonce in used:
            return f"Invalid nonce: duplicate nonce {nonce}"
        if len(used) == KEPT and nonce < used[0]:
            return f"Invalid nonce: {nonce} is below the {KEPT} highest"
        return ""

    def use(self, signer: str, nonce: int) -> None:
        """Remember a nonce that has no problem."""
        used = self._used.setdefault(signer, [])
        bisect.insort(used, nonce)
        del used[:-KEPT]
