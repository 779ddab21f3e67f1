"""What an algorithm has to offer to sign from a locked slot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from signward_server.core.payloads import Hash
from signward_server.core.public_key import PublicKey
from signward_server.core.signing import Signature
from signward_server.custody.memory import Slot

__all__ = ["KeyPairs"]


class KeyPairs(Protocol):
    """Key pairs of one algorithm, the private half of 32 bytes in a slot's first half."""

    def generate(self, slot: Slot, scratch: Slot) -> PublicKey:
        """Fill the slot with a fresh private half and its tag; return the public half.

        Args:
            slot: Where the pair goes.
            scratch: Room for intermediate secrets; the caller wipes it.
        """
        ...

    def complete(self, slot: Slot, scratch: Slot, /) -> PublicKey | None:
        """Compute the public half of the private half in the slot and set the tag.

        Args:
            slot: Its first half is filled.
            scratch: Room for intermediate secrets; the caller wipes it.

        Returns:
            The public half, ``None`` if the 32 bytes are no private half.
        """
        ...

    def sign(self, slot: Slot, message: bytes, hash_: Hash, public_key: PublicKey) -> Signature:
        """Sign with the private half in the slot; the caller holds a lease on it.

        Args:
            slot: Filled and complete.
            message: What to sign.
            hash_: What is done to it first.
            public_key: The one that must sign.

        Raises:
            SignatureSelfCheckFailed: The slot does not hold this public key's pair, or did
                not hold it until after the signature (S18).
            ValueError: The algorithm does not sign under this hash.
        """
        ...

    def sign_many(
        self, slot: Slot, messages: Sequence[bytes], hash_: Hash, public_key: PublicKey
    ) -> Sequence[Signature]:
        """Sign messages as ``sign`` does, in order, without anything else in between."""
        ...
