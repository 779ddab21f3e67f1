"""A payload's way to bytes and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from signward_server.core.actions import ActionKind
from signward_server.core.keys import KeyAttributes, Purpose
from signward_server.core.payloads import Payload, Result
from signward_server.core.public_key import PublicKey
from signward_server.core.signing import Decoded, Signature

__all__ = ["Chain"]


class Chain(Protocol):
    """A payload's way to bytes and back. Pure: no keys, no I/O, no clock."""

    @property
    def payload_type(self) -> type[Payload]:
        """The payload that it decodes."""
        ...

    @property
    def purposes(self) -> frozenset[Purpose]:
        """Purposes of the keys that may sign it."""
        ...

    @property
    def actions(self) -> tuple[ActionKind, ...]:
        """Every action that an Intent of ``decode`` can have, with exactly its fields."""
        ...

    def decode(self, payload: Payload, key: KeyAttributes, now_ms: int) -> Decoded:
        """Check a payload and build what is judged and what is signed.

        What needs a nonce comes back as a draft.

        Args:
            payload: Of ``payload_type``.
            key: The key that is to sign.
            now_ms: Milliseconds since the epoch; 0 checks no timestamp (verification).

        Raises:
            FieldInvalid: Names each field at fault.
            PayloadUnsupported: Well formed, but beyond what is signed.
            NetworkMismatch: It says another network than the key's.
        """
        ...

    def encode(
        self, decoded: Decoded, public_key: PublicKey, signatures: Sequence[Signature]
    ) -> Result:
        """Build the answer from the signatures, one for each message, in order."""
        ...

    def signatures(self, decoded: Decoded, result: Result) -> Sequence[bytes]:
        """Take the signatures out of an answer, one for each message, in order.

        Each has 64 bytes, or 65 with a recovery id that is part of the answer.

        Raises:
            ResultMismatch: Another part of the answer contradicts the payload.
        """
        ...
