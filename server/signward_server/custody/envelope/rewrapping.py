"""Wraps data keys anew when the KEK changes; no private half is opened (S22)."""

from __future__ import annotations

import dataclasses

from signward_server.core.errors import EnvelopeCorrupt
from signward_server.core.keys import KeyAttributes
from signward_server.core.public_key import PublicKey
from signward_server.custody.envelope.cipher import PageCipher
from signward_server.custody.envelope.format import Binding, SealedKey
from signward_server.custody.envelope.kek import Kek
from signward_server.custody.envelope.roots import take_slot
from signward_server.custody.memory import LockedMemory
from signward_server.custody.native.sodium import Sodium

__all__ = ["Rewrapping"]


class Rewrapping:
    """Takes envelopes from one KEK to another.

    Args:
        sodium: libsodium.
        memory: Room for one data key at a time.
        old: What envelopes are sealed under.
        new: What they are to be sealed under.
    """

    def __init__(self, sodium: Sodium, memory: LockedMemory, old: Kek, new: Kek) -> None:
        self._cipher = PageCipher(sodium)
        self._memory = memory
        self._old = old
        self._new = new

    def rewrapped(
        self, blob: bytes, attributes: KeyAttributes, version: int, public_key: PublicKey
    ) -> bytes:
        """Return an envelope under the new KEK; one that is already, unchanged.

        Args:
            blob: The envelope.
            attributes: Of the key that it belongs to.
            version: Number of the version.
            public_key: Its public half.

        Raises:
            EnvelopeCorrupt: It is malformed, under neither KEK, or belongs to something else.
            CustodyUnavailable: A KEK was wiped, or there is no locked memory left.
        """
        parts = SealedKey.parse(blob)
        binding = Binding(attributes, version, public_key)
        kek = next((k for k in (self._new, self._old) if k.kek_id == parts.kek_id), None)
        if kek is None:
            raise EnvelopeCorrupt
        with take_slot(self._memory) as data_key:
            bound = binding.for_data_key(kek.kek_id)
            if not kek.unwrap(parts.wrapped_key, parts.wrap_nonce, bound, data_key):
                raise EnvelopeCorrupt
            if kek is self._new:
                return blob
            nonce = self._cipher.fresh_nonce()
            bound = binding.for_data_key(self._new.kek_id)
            wrapped = self._new.wrap(data_key, nonce, bound)
        return dataclasses.replace(
            parts, kek_id=self._new.kek_id, wrap_nonce=nonce, wrapped_key=wrapped
        ).encode()
