"""Cosignatures of witnesses on checkpoints (https://c2sp.org/tlog-cosignature, Ed25519)."""

from __future__ import annotations

from signward.audit.checkpoints import Checkpoint, Signer
from signward.audit.errors import SignatureError
from signward.audit.verifier_keys import KeyType, VerifierKey

__all__ = ["cosign", "cosigned_message", "verify_cosignature"]

_TIME_SIZE = 8
_SIZE = _TIME_SIZE + 64
_MAX_TIME = (1 << 63) - 1


def cosigned_message(time: int, text: str) -> bytes:
    """Return what a witness signs.

    Args:
        time: Seconds since 1970.
        text: The checkpoint's text, final newline included.
    """
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def cosign(checkpoint: Checkpoint, key: VerifierKey, sign: Signer, time: int) -> bytes:
    """Return the checkpoint's note with a witness's line below the others.

    Args:
        checkpoint: Verified, and consistent with all that the witness has seen.
        key: The witness's, of type ``COSIGNATURE``.
        sign: Signs with the private key that belongs to it.
        time: Seconds since 1970.
    """
    value = sign(cosigned_message(time, checkpoint.note.text))
    signature = key.signature(time.to_bytes(_TIME_SIZE, "big") + value)
    return bytes(checkpoint.note.signed((signature,)))


def verify_cosignature(checkpoint: Checkpoint, key: VerifierKey) -> int:
    """Verify that a witness cosigned a checkpoint.

    Returns:
        When it did so last, in seconds since 1970.

    Raises:
        SignatureError: Its line is missing, or one that is said to be of this key does not
            verify.
    """
    if key.type is not KeyType.COSIGNATURE:
        raise SignatureError("the key is one of a log, not of a witness")
    times = []
    for value in key.signatures_on(checkpoint.note):
        time = int.from_bytes(value[:_TIME_SIZE], "big")
        if len(value) != _SIZE or time > _MAX_TIME:
            raise SignatureError("the cosignature is malformed")
        key.require(value[_TIME_SIZE:], cosigned_message(time, checkpoint.note.text))
        times.append(time)
    return max(times)
