"""What secrets of API keys look like: those that the daemon makes, and those brought along."""

from __future__ import annotations

import re
import zlib

__all__ = ["GRAMMAR", "RANDOM_BYTES", "is_secret", "make_secret"]

RANDOM_BYTES = 32
"""How many random bytes a secret stands for."""

GRAMMAR = (
    "24 to 512 printable ASCII characters without spaces, at least ten of them different; "
    "after signward_ the 49 characters that were given with it."
)

_PREFIX = b"signward_"
_DIGITS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BODY = 43  # digits of base 62 that hold 256 bits
_CHECKSUM = 6  # and 32 bits
_LEAST_DIFFERENT = 10

_is_printable = re.compile(rb"[!-~]{24,512}").fullmatch
_is_ours = re.compile(rb"signward_[0-9A-Za-z]{49}").fullmatch


def make_secret(random: bytes) -> str:
    """Return the secret that stands for 32 random bytes.

    ``signward_``, the bytes as a number in base 62 (43 digits), and the CRC-32 of all that
    in base 62 (6 digits): scanners find it in a text by its prefix, and tell it from what
    only looks like one without asking anybody.

    Raises:
        ValueError: These are not 32 bytes.
    """
    if len(random) != RANDOM_BYTES:
        raise ValueError("a secret stands for 32 bytes")
    body = _PREFIX + _base62(int.from_bytes(random), _BODY)
    return (body + _checksum(body)).decode()


def is_secret(text: bytes) -> bool:
    """Return whether this can be the secret of an API key, known or not.

    What begins with ``signward_`` must be whole, down to its checksum. Anything else that was
    brought along must be long and varied enough to be hard to guess.
    """
    if text.startswith(_PREFIX):
        return _is_ours(text) is not None and text[-_CHECKSUM:] == _checksum(text[:-_CHECKSUM])
    return _is_printable(text) is not None and len(set(text)) >= _LEAST_DIFFERENT


def _checksum(body: bytes) -> bytes:
    return _base62(zlib.crc32(body), _CHECKSUM)


def _base62(number: int, digits: int) -> bytes:
    written = bytearray(digits)
    for place in reversed(range(digits)):
        number, digit = divmod(number, len(_DIGITS))
        written[place] = _DIGITS[digit]
    return bytes(written)
