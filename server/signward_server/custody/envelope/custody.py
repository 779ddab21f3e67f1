"""The custody of sealed keys: opens them on locked slots and signs there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from signward_server.core.errors import (
    EnvelopeCorrupt,
    PayloadMalformed,
    SignatureSelfCheckFailed,
)
from signward_server.core.imports import ImportTerms, WrappedKey, WrappingKey
from signward_server.core.key_check import Finding
from signward_server.core.keys import (
    Algorithm,
    CustodyKind,
    Key,
    KeyAttributes,
    KeyVersion,
    VersionState,
)
from signward_server.core.payloads import Hash
from signward_server.core.ports import Clock, CreatedVersion, MaterialReader
from signward_server.core.public_key import PublicKey
from signward_server.core.signing import Signature, SigningContext
from signward_server.custody.envelope.checking import left_over, problems
from signward_server.custody.envelope.format import Binding
from signward_server.custody.envelope.kek import Kek
from signward_server.custody.envelope.sealed import SealedCache
from signward_server.custody.envelope.sealing import Envelopes
from signward_server.custody.envelope.sweeper import Sweeper
from signward_server.custody.envelope.unlocked import UnlockedKeys
from signward_server.custody.envelope.wrapping import WrappingKeys
from signward_server.custody.memory import SECRET_SIZE, LockedMemory, Slot
from signward_server.custody.native import Native
from signward_server.custody.pairs import Ed25519Pairs, KeyPairs, Secp256k1Pairs

__all__ = ["EnvelopeCustody"]

_SEALED_CAPACITY: Final = 16_384
_NO_KEY: Final = bytes(SECRET_SIZE)
_Signed = TypeVar("_Signed")
_Signature = TypeVar("_Signature")


class EnvelopeCustody:
    """Implements ``core.ports.Custody`` and ``WrappingKeys``.

    Starts a thread, which ``close`` ends.

    Args:
        native: Both libraries.
        kek: Wraps the data keys; stays open after ``close``, for its owner to close.
        materials: Where envelopes are stored.
        memory: Locked slots; stays open after ``close``, for its owner to close.
        clock: Time.
        default_unlock_ttl: How long a key without its own ``unlock_ttl`` stays unlocked.
        max_unlock_ttl: How long any key stays unlocked at most (S19).
    """

    kind: Final = CustodyKind.ENVELOPE
    leaves_process: Final = False

    def __init__(
        self,
        *,
        native: Native,
        kek: Kek,
        materials: MaterialReader,
        memory: LockedMemory,
        clock: Clock,
        default_unlock_ttl: timedelta,
        max_unlock_ttl: timedelta,
    ) -> None:
        self._pairs: Mapping[Algorithm, KeyPairs] = {
            Algorithm.ED25519: Ed25519Pairs(native.sodium),
            Algorithm.ECDSA_SECP256K1: Secp256k1Pairs(native),
        }
        self.algorithms = frozenset(self._pairs)
        self._kek = kek
        self._envelopes = Envelopes(native.sodium, kek)
        self._materials = materials
        self._sealed = SealedCache(materials, _SEALED_CAPACITY)
        self._default_ttl = min(default_unlock_ttl, max_unlock_ttl).total_seconds()
        self._max_ttl = max_unlock_ttl
        self._unlocked = UnlockedKeys(memory, clock)
        self._sodium = native.sodium
        self._wrapping = WrappingKeys(native.sodium, self._envelopes, self._unlocked.take)
        self._sweeper = Sweeper(self._unlocked.sweep)

    def create(self, attributes: KeyAttributes, version: int) -> CreatedVersion:
        """Make a key pair and its envelope, and open that once to be sure of it."""
        with self._unlocked.take() as slot, self._unlocked.take() as scratch:
            public_key = self._pairs[attributes.algorithm].generate(slot, scratch)
            binding = Binding(attributes, version, public_key)
            material = self._envelopes.seal(slot, scratch, binding)
        return self._created(material, binding)

    def wrapping_key(self, terms: ImportTerms, expire_time: datetime) -> WrappingKey:
        """Make a wrapping key as the port says, its private half in an envelope."""
        return self._wrapping.make(terms, expire_time)

    def import_key(
        self, attributes: KeyAttributes, version: int, wrapped: WrappedKey
    ) -> CreatedVersion:
        """Take over a private half as the port says: it goes from slot to slot alone (S21)."""
        with self._unlocked.take() as slot, self._unlocked.take() as scratch:
            self._wrapping.open(wrapped, slot, scratch)
            public_key = self._pairs[attributes.algorithm].complete(slot, scratch)
            if public_key is None or self._is_zero(slot):
                raise PayloadMalformed
            binding = Binding(attributes, version, public_key)
            material = self._envelopes.seal(slot, scratch, binding)
        return self._created(material, binding)

    def sign(self, message: bytes, context: SigningContext) -> Signature:
        """Sign as the port says; an unlocked key costs one call into the library."""
        return self._signed(self._pairs[context.key.algorithm].sign, message, context)

    def sign_many(self, messages: Sequence[bytes], context: SigningContext) -> Sequence[Signature]:
        """Sign as the port says, under one lease."""
        return self._signed(self._pairs[context.key.algorithm].sign_many, messages, context)

    def check(self, attributes: KeyAttributes, version: KeyVersion) -> Sequence[Finding]:
        """Read and open a version's envelope as the port says, past everything remembered."""
        try:
            material = self._materials.read_material(attributes.id, version.version)
        except EnvelopeCorrupt:
            material = None
        if version.state is VersionState.DESTROYED:
            return left_over(material)
        binding = Binding(attributes, version.version, version.public_key)
        return problems(material, binding, self._kek.kek_id, self._public_half)

    @property
    def unlocked(self) -> int:
        """How many versions have their private half in locked memory."""
        return len(self._unlocked)

    def is_unlocked(self, key_id: str, version: int) -> bool:
        """Return whether the private half is in locked memory now."""
        return self._unlocked.holds((key_id, version))

    def forget(self, key_id: str) -> None:
        """Wipe every version of a key, and read its envelopes anew next time."""
        self._sealed.forget(key_id)
        self._unlocked.forget(key_id)

    def healthy(self) -> bool:
        """Return whether the KEK is there, memory can be locked and expired keys are wiped."""
        return self._kek.intact and self._sweeper.alive and self._unlocked.has_room()

    def close(self) -> None:
        """Wipe every unlocked key, those that are signing as soon as they have signed."""
        self._unlocked.close()
        self._sweeper.stop()

    def _created(self, material: bytes, binding: Binding) -> CreatedVersion:
        """Open a new envelope once, to be sure of it."""
        self._open(material, binding).retire()
        return CreatedVersion(binding.public_key, "", material)

    def _is_zero(self, slot: Slot) -> bool:
        result: int = self._sodium.memcmp(slot.address, _NO_KEY, SECRET_SIZE)
        return result == 0

    def _signed(
        self,
        sign: Callable[[Slot, _Signed, Hash, PublicKey], _Signature],
        what: _Signed,
        context: SigningContext,
    ) -> _Signature:
        key, version = context.key, context.version
        ttl = self._ttl(key)
        slot = self._unlocked.lease((key.id, version.version), ttl) or self._unlock(context, ttl)
        try:
            return sign(slot, what, context.hash, version.public_key)
        except SignatureSelfCheckFailed:
            self._unlocked.forget(key.id)
            raise
        finally:
            slot.release()

    def _ttl(self, key: Key) -> float:
        if key.unlock_ttl is None:
            return self._default_ttl
        return min(key.unlock_ttl, self._max_ttl).total_seconds()

    def _unlock(self, context: SigningContext, ttl: float) -> Slot:
        key, version = context.key, context.version
        generation = self._unlocked.generation
        material = self._sealed.read(key.id, version.version)
        slot = self._open(material, Binding(key, version.version, version.public_key))
        leased = self._unlocked.keep((key.id, version.version), slot, ttl, generation)
        if ttl > 0:
            self._sweeper.expect(ttl)
        return leased

    def _open(self, material: bytes, binding: Binding) -> Slot:
        slot = self._unlocked.take()
        try:
            with self._unlocked.take() as scratch:
                self._envelopes.open(material, binding, slot, scratch)
                self._check_pair(slot, scratch, binding)
        except BaseException:
            slot.retire()
            raise
        return slot

    def _public_half(self, material: bytes, binding: Binding) -> PublicKey | None:
        with self._unlocked.take() as slot, self._unlocked.take() as scratch:
            self._envelopes.open(material, binding, slot, scratch)
            return self._pairs[binding.attributes.algorithm].complete(slot, scratch)

    def _check_pair(self, slot: Slot, scratch: Slot, binding: Binding) -> None:
        pairs = self._pairs[binding.attributes.algorithm]
        if pairs.complete(slot, scratch) != binding.public_key:
            raise EnvelopeCorrupt
