"""The floor of a batch: the signature function alone, called in a loop through PyDLL."""

from __future__ import annotations

import ctypes
import time

import nacl._sodium

from tests.benchmarks.cases import MESSAGE

__all__ = ["BareSigner"]

_SECRET_KEY_SIZE = 64
_PUBLIC_KEY_SIZE = 32
_SIGNATURE_SIZE = 64


class BareSigner:
    """libsodium's Ed25519 with a throw-away key, as PyNaCl ships it."""

    def __init__(self) -> None:
        library = ctypes.PyDLL(nacl._sodium.__file__)  # what it exports besides its module
        self._sign = library.crypto_sign_detached
        self._sign.argtypes = [
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_ulonglong,
            ctypes.c_void_p,
        ]
        self._secret = ctypes.create_string_buffer(_SECRET_KEY_SIZE)
        self._signature = ctypes.create_string_buffer(_SIGNATURE_SIZE)
        public = ctypes.create_string_buffer(_PUBLIC_KEY_SIZE)
        if library.sodium_init() < 0 or library.crypto_sign_keypair(public, self._secret):
            raise RuntimeError("libsodium does not start")

    def seconds(self, count: int) -> float:
        """Return the mean seconds of a signature over ``count`` of them."""
        sign, out, secret = self._sign, self._signature, self._secret
        begin = time.perf_counter()
        for _ in range(count):
            sign(out, None, MESSAGE, len(MESSAGE), secret)
        return (time.perf_counter() - begin) / count
