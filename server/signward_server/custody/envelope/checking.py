"""What can be wrong with an envelope, in words for whoever has to put it right."""

from __future__ import annotations

from collections.abc import Callable

from signward_server.core.errors import EnvelopeCorrupt
from signward_server.core.key_check import Finding, KeyAspect
from signward_server.core.public_key import PublicKey
from signward_server.custody.envelope.format import Binding, sealing_kek

__all__ = ["left_over", "problems"]

_ENVELOPE = "an envelope"
_MISSING = "The store has no private half of this version: put the home back from a backup."
_MALFORMED = "What is stored is no envelope: put the home back from a backup."
_OTHER_KEK = "It is sealed under another key-encryption key: give the daemon that one."
_CHANGED = (
    "The envelope was changed, or is that of another key or version: put the home back from a "
    "backup."
)
_OTHER_PAIR = "The private half is that of another public key: put the home back from a backup."
_LEFT_OVER = "Destroyed material is still stored: take this home out of use."


def problems(
    material: bytes | None,
    binding: Binding,
    kek_id: bytes,
    open_: Callable[[bytes, Binding], PublicKey | None],
) -> tuple[Finding, ...]:
    """Return what is wrong with a stored envelope.

    Args:
        material: The envelope, ``None`` if there is none.
        binding: What it must belong to.
        kek_id: The KEK of now, 16 bytes.
        open_: Opens an envelope and returns the public half of what is in it,
            ``None`` if that is no private half; raises ``EnvelopeCorrupt`` if it does not open.
    """
    if material is None:
        return (Finding(KeyAspect.STATE, _ENVELOPE, "", _MISSING),)
    try:
        sealed_under = sealing_kek(material)
    except EnvelopeCorrupt:
        return (Finding(KeyAspect.SPEC, _ENVELOPE, f"{len(material)} other bytes", _MALFORMED),)
    try:
        found = open_(material, binding)
    except EnvelopeCorrupt:
        if sealed_under != kek_id:
            keks = kek_id.hex(), sealed_under.hex()
            return (Finding(KeyAspect.STATE, *keks, _OTHER_KEK),)
        return (Finding(KeyAspect.STATE, "one that opens", "one that does not", _CHANGED),)
    if found != binding.public_key:
        pairs = binding.public_key.fingerprint.hex(), found.fingerprint.hex() if found else ""
        return (Finding(KeyAspect.PUBLIC_KEY, *pairs, _OTHER_PAIR),)
    return ()


def left_over(material: bytes | None) -> tuple[Finding, ...]:
    """Return what is wrong with what is stored of a destroyed version: that there is any."""
    if material is None:
        return ()
    return (Finding(KeyAspect.STATE, "", f"{len(material)} bytes", _LEFT_OVER),)
