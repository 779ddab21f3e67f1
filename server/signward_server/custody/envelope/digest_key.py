"""The key of the digests of API keys' secrets, which outlives the KEK that it comes from.

It is the key for rows of a store's first KEK. A digest cannot be made anew, since nobody has
the secret: so the key is kept, sealed under the KEK that is in use.
"""

from __future__ import annotations

import ctypes
import struct
from typing import Final

from signward_server.core.errors import CustodyUnavailable, EnvelopeCorrupt
from signward_server.custody.envelope.cipher import PageCipher
from signward_server.custody.envelope.kek import Kek
from signward_server.custody.envelope.mac_key import MacKey
from signward_server.custody.envelope.roots import take_slot
from signward_server.custody.memory import SECRET_SIZE, LockedMemory
from signward_server.custody.native.sodium import Sodium

__all__ = ["open_digest_key", "seal_digest_key"]

_MAGIC: Final = b"signward"
_VERSION: Final = 1
# magic, version, KEK id, nonce, the key under the KEK
_LAYOUT: Final = struct.Struct(">8sB16s12s48s")
_BOUND: Final = b"signward digest key v1\0"
_IDENTITY: Final = b"signward digest key v1 identity"


def seal_digest_key(sodium: Sodium, key: MacKey, kek: Kek) -> bytes:
    """Return the key sealed under a KEK, 85 bytes.

    Raises:
        CustodyUnavailable: One of them was wiped.
    """
    nonce = PageCipher(sodium).fresh_nonce()
    key.slot.acquire()
    try:
        sealed = kek.wrap(key.slot, nonce, _BOUND + kek.kek_id)
        if not key.intact:
            raise CustodyUnavailable
    finally:
        key.slot.release()
    return _LAYOUT.pack(_MAGIC, _VERSION, kek.kek_id, nonce, sealed)


def open_digest_key(sodium: Sodium, memory: LockedMemory, kek: Kek, blob: bytes) -> MacKey:
    """Open the key onto a slot of its own; the caller closes it.

    Raises:
        EnvelopeCorrupt: It is malformed, or sealed under another KEK.
        CustodyUnavailable: There is no locked memory for it.
    """
    if len(blob) != _LAYOUT.size:
        raise EnvelopeCorrupt
    magic, version, kek_id, nonce, sealed = _LAYOUT.unpack(blob)
    if (magic, version, kek_id) != (_MAGIC, _VERSION, kek.kek_id):
        raise EnvelopeCorrupt
    slot = take_slot(memory)
    if not kek.unwrap(sealed, nonce, _BOUND + kek.kek_id, slot):
        slot.retire()
        raise EnvelopeCorrupt
    tag = (ctypes.c_char * SECRET_SIZE)()
    sodium.hmacsha256(tag, _IDENTITY, len(_IDENTITY), slot.address)
    ctypes.memmove(slot.tag_address, tag, SECRET_SIZE)
    return MacKey(sodium, slot, tag.raw)
