"""Numbers that no two signatures of one signer share."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Nonces"]


class Nonces(Protocol):
    """Gives nonces of the Hyperliquid exchange (promise 6): milliseconds since the epoch.

    Unique for a signer over threads, processes, replicas, restarts and clock steps, and close
    to now, since the exchange keeps only the 100 highest of a signer.
    """

    def is_quick(self, signer: bytes) -> bool:
        """Return whether taking the next one waits for nothing, as far as can be seen.

        Args:
            signer: See ``take``.
        """
        ...

    def take(self, signer: bytes, wanted: int = 0) -> int:
        """Take a nonce for good; what is taken and not used is lost, which harms nothing.

        Args:
            signer: SHA-256 of the signer's public key (``PublicKey.fingerprint``), 32 bytes.
            wanted: The caller's own, 0 for the next one.

        Raises:
            NonceOutOfWindow: The caller's own is not in (last, now + 5 s]; metadata ``last``
                and ``latest`` say what is.
            RateLimited: This process has given as many as it can without running ahead of time.
            ClockUntrusted: The wall clock has jumped, so that nobody knows what is close to now.
            StoreUnavailable: What is taken cannot be kept from being taken again.
        """
        ...
