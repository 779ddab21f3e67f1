"""libsodium by address: what is used of it, with its types declared.

Source: https://doc.libsodium.org and ``sodium.h`` of libsodium 1.0.20. Every ``address``
is that of a slot in a locked page (``custody.memory``) unless it says otherwise.
"""

from __future__ import annotations

import ctypes
from ctypes import c_char_p, c_int, c_size_t, c_ulonglong, c_void_p
from pathlib import Path
from typing import Any, Final

from signward_server.custody.native.locate import INSTALL, NativeLibraryError

__all__ = ["Sodium"]

_BUFFER_OUT: Final = (c_void_p, c_void_p)  # where to, and where its length goes (or NULL)
_BYTES_IN: Final = (c_char_p, c_ulonglong)  # bytes and their length

# Name: (result, arguments). Secrets are always c_void_p (an address), public inputs
# c_char_p (the bytes object's own buffer), public outputs c_void_p (a ctypes array).
_FUNCTIONS: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "sodium_init": (c_int, ()),
    "sodium_mlock": (c_int, (c_void_p, c_size_t)),
    "sodium_munlock": (c_int, (c_void_p, c_size_t)),
    "sodium_memzero": (None, (c_void_p, c_size_t)),
    "sodium_memcmp": (c_int, (c_void_p, c_char_p, c_size_t)),
    "randombytes_buf": (None, (c_void_p, c_size_t)),
    # public key, secret key (64), seed (32)
    "crypto_sign_seed_keypair": (c_int, (c_void_p, c_void_p, c_void_p)),
    # signature (64), its length or NULL, message, length, secret key (64)
    "crypto_sign_detached": (c_int, (c_void_p, c_void_p, c_char_p, c_ulonglong, c_void_p)),
    # signature (64), message, length, public key (32)
    "crypto_sign_verify_detached": (c_int, (c_char_p, c_char_p, c_ulonglong, c_char_p)),
    "crypto_aead_aes256gcm_is_available": (c_int, ()),
    # ciphertext, its length or NULL, message, length, data, length, NULL, nonce, key
    "crypto_aead_aes256gcm_encrypt": (
        c_int,
        (*_BUFFER_OUT, c_void_p, c_ulonglong, *_BYTES_IN, c_void_p, c_char_p, c_void_p),
    ),
    # message, its length or NULL, NULL, ciphertext, length, data, length, nonce, key
    "crypto_aead_aes256gcm_decrypt": (
        c_int,
        (*_BUFFER_OUT, c_void_p, *_BYTES_IN, *_BYTES_IN, c_char_p, c_void_p),
    ),
    # the tag has 32 bytes, and so has the key; the message may be secret too
    "crypto_auth_hmacsha256": (c_int, (c_void_p, c_void_p, c_ulonglong, c_void_p)),
    # X25519 (RFC 7748), 32 bytes each: shared secret, scalar, point; -1 if the secret is zero
    "crypto_scalarmult": (c_int, (c_void_p, c_void_p, c_char_p)),
    # public key, scalar
    "crypto_scalarmult_base": (c_int, (c_void_p, c_void_p)),
    # key, its length, passphrase, its length, salt (16), passes, bytes of memory, algorithm
    "crypto_pwhash": (
        c_int,
        (c_void_p, c_ulonglong, c_void_p, c_ulonglong, c_char_p, c_ulonglong, c_size_t, c_int),
    ),
}


class Sodium:
    """The functions of libsodium; each attribute is one, named as in C.

    Raises:
        NativeLibraryError: A function is missing, libsodium does not start, or the
            processor has no AES instructions.
    """

    def __init__(self, path: Path) -> None:
        try:
            library = ctypes.PyDLL(str(path))
            for name, (result, arguments) in _FUNCTIONS.items():
                function = getattr(library, name)
                function.restype, function.argtypes = result, arguments
        except (OSError, AttributeError) as exc:
            raise NativeLibraryError(f"{path} is no libsodium that can be used", INSTALL) from exc
        if library.sodium_init() < 0:
            raise NativeLibraryError("libsodium finds no randomness", "provide getrandom(2)")
        if not library.crypto_aead_aes256gcm_is_available():
            raise NativeLibraryError(
                "this processor has no AES instructions, which sealed keys need",
                "run on one with AES-NI and PCLMUL, or the ARMv8 cryptography extension",
            )
        self.mlock = library.sodium_mlock
        self.munlock = library.sodium_munlock
        self.memzero = library.sodium_memzero
        self.memcmp = library.sodium_memcmp
        self.randombytes = library.randombytes_buf
        self.sign_seed_keypair = library.crypto_sign_seed_keypair
        self.sign_detached = library.crypto_sign_detached
        self.sign_verify_detached = library.crypto_sign_verify_detached
        self.aes256gcm_encrypt = library.crypto_aead_aes256gcm_encrypt
        self.aes256gcm_decrypt = library.crypto_aead_aes256gcm_decrypt
        self.hmacsha256 = library.crypto_auth_hmacsha256
        self.scalarmult = library.crypto_scalarmult
        self.scalarmult_base = library.crypto_scalarmult_base
        self.pwhash = library.crypto_pwhash
