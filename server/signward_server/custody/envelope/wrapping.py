"""Wrapping keys of imports: made on a slot, sealed like private halves, opened once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from signward_server.core.errors import PayloadMalformed
from signward_server.core.imports import ImportTerms, WrappedKey, WrappingKey
from signward_server.custody.envelope.format import framed, number
from signward_server.custody.envelope.sealing import Envelopes
from signward_server.custody.hpke import Hpke
from signward_server.custody.memory import Slot
from signward_server.custody.native.sodium import Sodium

__all__ = ["WrappingBinding", "WrappingKeys"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class WrappingBinding:
    """What the private half of a wrapping key is sealed for.

    Attributes:
        terms: What the import is for.
        expire_time: When it ends: no writer to the store can put that off.
        public_key: The public half, 32 bytes.
    """

    terms: ImportTerms
    expire_time: datetime
    public_key: bytes

    def for_secret(self) -> bytes:
        """Return the associated data of the sealed private half."""
        return framed(b"signward import v1 private half", *self._fields())

    def for_data_key(self, kek_id: bytes) -> bytes:
        """Return the associated data of the wrapped data key."""
        return framed(b"signward import v1 data key", kek_id, *self._fields())

    def _fields(self) -> tuple[bytes, ...]:
        end = (self.expire_time - _EPOCH) // _MICROSECOND
        return self.terms.info(), number(end), self.public_key


class WrappingKeys:
    """Makes wrapping keys, and opens what callers have sealed to them.

    Args:
        sodium: libsodium.
        envelopes: Seals the private halves.
        take: Returns a free slot, or raises ``CustodyUnavailable``.
    """

    def __init__(self, sodium: Sodium, envelopes: Envelopes, take: Callable[[], Slot]) -> None:
        self._hpke = Hpke(sodium)
        self._envelopes = envelopes
        self._take = take

    def make(self, terms: ImportTerms, expire_time: datetime) -> WrappingKey:
        """See ``core.ports.WrappingKeys.wrapping_key``."""
        with self._take() as private, self._take() as scratch:
            public_key = self._hpke.generate(private)
            binding = WrappingBinding(terms, expire_time, public_key)
            return WrappingKey(public_key, self._envelopes.seal(private, scratch, binding))

    def open(self, wrapped: WrappedKey, into: Slot, scratch: Slot) -> None:
        """Open what a caller has sealed into the first half of a slot.

        Args:
            wrapped: What was sealed, and what for.
            into: Where the private key goes.
            scratch: Room for intermediate secrets; the caller wipes it.

        Raises:
            PayloadMalformed: It was not sealed to this wrapping key for these terms.
            EnvelopeCorrupt: The wrapping key was not made for these terms, or under another
                KEK.
            CustodyUnavailable: The KEK was wiped, or there is no slot left.
        """
        wrapping = wrapped.wrapping
        binding = WrappingBinding(wrapped.terms, wrapped.expire_time, wrapping.public_key)
        with self._take() as private:
            self._envelopes.open(wrapping.sealed, binding, private, scratch)
            info = wrapped.terms.info()
            if not self._hpke.open(
                wrapped.sealed, info, private, wrapping.public_key, into, scratch
            ):
                raise PayloadMalformed
