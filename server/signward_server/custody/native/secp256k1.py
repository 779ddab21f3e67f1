"""libsecp256k1 by address: what is used of it, with its types declared.

Source: ``secp256k1.h`` and ``secp256k1_recovery.h`` of libsecp256k1 0.6.0. A NULL nonce
function means that of RFC 6979; signing always gives the low s.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_uint, c_void_p
from pathlib import Path
from typing import Any, Final

from signward_server.custody.native.locate import INSTALL, NativeLibraryError
from signward_server.custody.native.sodium import Sodium

__all__ = ["Secp256k1"]

_CONTEXT_NONE: Final = 1
_RANDOMIZE_SEED: Final = 32

# Name: (result, arguments). The first argument is the context, but for its creation.
_FUNCTIONS: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "secp256k1_context_create": (c_void_p, (c_uint,)),
    "secp256k1_context_randomize": (c_int, (c_void_p, c_void_p)),
    # public key (64, opaque), secret key (32)
    "secp256k1_ec_pubkey_create": (c_int, (c_void_p, c_void_p, c_void_p)),
    # public key (64, opaque), encoded point, length
    "secp256k1_ec_pubkey_parse": (c_int, (c_void_p, c_void_p, c_char_p, c_size_t)),
    # encoded point, in: room, out: length, public key (64, opaque), flags
    "secp256k1_ec_pubkey_serialize": (
        c_int,
        (c_void_p, c_void_p, POINTER(c_size_t), c_void_p, c_uint),
    ),
    # signature (65, opaque), digest (32), secret key (32), nonce function, its data
    "secp256k1_ecdsa_sign_recoverable": (
        c_int,
        (c_void_p, c_void_p, c_char_p, c_void_p, c_void_p, c_void_p),
    ),
    # r||s (64), recovery id, signature (65, opaque)
    "secp256k1_ecdsa_recoverable_signature_serialize_compact": (
        c_int,
        (c_void_p, c_void_p, POINTER(c_int), c_void_p),
    ),
    # signature (65, opaque), r||s (64), recovery id
    "secp256k1_ecdsa_recoverable_signature_parse_compact": (
        c_int,
        (c_void_p, c_void_p, c_char_p, c_int),
    ),
    # public key (64, opaque), signature (65, opaque), digest (32)
    "secp256k1_ecdsa_recover": (c_int, (c_void_p, c_void_p, c_void_p, c_char_p)),
    # signature (64, opaque), r||s (64)
    "secp256k1_ecdsa_signature_parse_compact": (c_int, (c_void_p, c_void_p, c_char_p)),
    # signature (64, opaque), digest (32), public key (64, opaque); refuses a high s
    "secp256k1_ecdsa_verify": (c_int, (c_void_p, c_void_p, c_char_p, c_void_p)),
}


class Secp256k1:
    """The functions of libsecp256k1, and one context for all of them.

    The context lives as long as the process. It is only read after its randomisation
    (blinding against side channels), so threads share it.

    Raises:
        NativeLibraryError: A function is missing or there is no memory for the context.
    """

    def __init__(self, path: Path, sodium: Sodium) -> None:
        try:
            library = ctypes.PyDLL(str(path))
            for name, (result, arguments) in _FUNCTIONS.items():
                function = getattr(library, name)
                function.restype, function.argtypes = result, arguments
        except (OSError, AttributeError) as exc:
            raise NativeLibraryError(
                f"{path} is no libsecp256k1 that can be used", INSTALL
            ) from exc
        self.context: int = library.secp256k1_context_create(_CONTEXT_NONE)
        seed = (ctypes.c_ubyte * _RANDOMIZE_SEED)()
        sodium.randombytes(seed, _RANDOMIZE_SEED)
        if not library.secp256k1_context_randomize(self.context, seed):
            raise NativeLibraryError("libsecp256k1 cannot randomise its context", INSTALL)
        sodium.memzero(seed, _RANDOMIZE_SEED)
        self.pubkey_create = library.secp256k1_ec_pubkey_create
        self.pubkey_parse = library.secp256k1_ec_pubkey_parse
        self.pubkey_serialize = library.secp256k1_ec_pubkey_serialize
        self.sign_recoverable = library.secp256k1_ecdsa_sign_recoverable
        self.serialize_recoverable = library.secp256k1_ecdsa_recoverable_signature_serialize_compact
        self.parse_recoverable = library.secp256k1_ecdsa_recoverable_signature_parse_compact
        self.recover = library.secp256k1_ecdsa_recover
        self.parse_compact = library.secp256k1_ecdsa_signature_parse_compact
        self.verify = library.secp256k1_ecdsa_verify
