"""Known answers that both libraries must give before anything secret reaches them (S25).

The secrets in here are those of published test vectors.
"""

from __future__ import annotations

import ctypes
import hashlib
from ctypes import byref, c_int
from typing import Final

from signward_server.custody.native.locate import INSTALL, NativeLibraryError
from signward_server.custody.native.secp256k1 import Secp256k1
from signward_server.custody.native.sodium import Sodium

__all__ = ["check_secp256k1", "check_sodium"]

# RFC 8032, section 7.1, TEST 3.
_ED25519_SEED: Final = bytes.fromhex(
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"
)
_ED25519_PUBLIC: Final = bytes.fromhex(
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"
)
_ED25519_MESSAGE: Final = bytes.fromhex("af82")
_ED25519_SIGNATURE: Final = bytes.fromhex(
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
)

# McGrew and Viega, "The Galois/Counter Mode of Operation", test case 16.
_GCM_KEY: Final = bytes.fromhex("feffe9928665731c6d6a8f9467308308" * 2)
_GCM_NONCE: Final = bytes.fromhex("cafebabefacedbaddecaf888")
_GCM_DATA: Final = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
_GCM_PLAIN: Final = bytes.fromhex(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
)
_GCM_SEALED: Final = bytes.fromhex(
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
    "76fc6ece0f4e1768cddf8853bb2d551b"
)

# RFC 4231, section 4.2: its 20-byte key, with the zeros that HMAC would add anyway.
_HMAC_KEY: Final = b"\x0b" * 20 + bytes(12)
_HMAC_MESSAGE: Final = b"Hi There"
_HMAC_TAG: Final = bytes.fromhex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")

# RFC 7748, section 6.1: what Alice has, what Bob shows her, and what they agree on.
_X25519_PRIVATE: Final = bytes.fromhex(
    "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
)
_X25519_PUBLIC: Final = bytes.fromhex(
    "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
)
_X25519_PEER: Final = bytes.fromhex(
    "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
)
_X25519_SHARED: Final = bytes.fromhex(
    "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
)

# The smallest cost that there is; OpenSSL 3's Argon2id gives the same.
_ARGON2ID: Final = 2  # crypto_pwhash_ALG_ARGON2ID13
_ARGON2ID_PASSPHRASE: Final = b"password"
_ARGON2ID_SALT: Final = b"somesaltsomesalt"
_ARGON2ID_MEMORY: Final = 8192
_ARGON2ID_KEY: Final = bytes.fromhex(
    "05b6ca8f8038b683887ad4916533858b49cb52040126c134f4c6e9d8711b8c09"
)

# RFC 6979 on secp256k1 with SHA-256, key 1: the vector that Trezor's trezor-crypto
# (tests/test_check.c) and python-ecdsa carry, after bitcointalk.org topic 285142.
_ECDSA_KEY: Final = bytes(31) + b"\x01"
_ECDSA_MESSAGE: Final = b"Satoshi Nakamoto"
_ECDSA_SIGNATURE: Final = bytes.fromhex(
    "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
    "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"
)


def check_sodium(sodium: Sodium) -> None:
    """Compare every algorithm that is used with its known answers.

    Raises:
        NativeLibraryError: One differs.
    """
    right = (
        _ed25519(sodium) == (_ED25519_PUBLIC, _ED25519_SIGNATURE)
        and _ed25519_verifies(sodium)
        and _gcm_sealed(sodium) == _GCM_SEALED
        and _gcm_opened(sodium) == _GCM_PLAIN
        and _hmac(sodium) == _HMAC_TAG
        and _x25519(sodium) == (_X25519_PUBLIC, _X25519_SHARED)
        and sodium.scalarmult(_room(32), _X25519_PRIVATE, bytes(32)) != 0
        and _argon2id(sodium) == _ARGON2ID_KEY
    )
    if not right:
        raise NativeLibraryError("libsodium computes a known answer wrongly", INSTALL)


def check_secp256k1(secp256k1: Secp256k1) -> None:
    """Compare an RFC 6979 signature with its known answer.

    Raises:
        NativeLibraryError: It differs, or libsecp256k1 does not verify it.
    """
    if _ecdsa(secp256k1) != _ECDSA_SIGNATURE or not _ecdsa_verifies(secp256k1):
        raise NativeLibraryError("libsecp256k1 computes a known answer wrongly", INSTALL)


def _ed25519(sodium: Sodium) -> tuple[bytes, bytes]:
    public, secret, signature = _room(32), _room(64), _room(64)
    sodium.sign_seed_keypair(public, secret, _ED25519_SEED)
    sodium.sign_detached(signature, None, _ED25519_MESSAGE, len(_ED25519_MESSAGE), secret)
    return public.raw, signature.raw


def _ed25519_verifies(sodium: Sodium) -> bool:
    signature, message, public = _ED25519_SIGNATURE, _ED25519_MESSAGE, _ED25519_PUBLIC
    right = sodium.sign_verify_detached(signature, message, len(message), public)
    wrong = sodium.sign_verify_detached(signature, b"\xaf\x83", len(message), public)
    return bool(right == 0 and wrong != 0)


def _gcm_sealed(sodium: Sodium) -> bytes:
    sealed = _room(len(_GCM_SEALED))
    data, plain = _GCM_DATA, _GCM_PLAIN
    sodium.aes256gcm_encrypt(
        sealed, None, plain, len(plain), data, len(data), None, _GCM_NONCE, _GCM_KEY
    )
    return sealed.raw


def _gcm_opened(sodium: Sodium) -> bytes:
    plain = _room(len(_GCM_PLAIN))
    data, sealed = _GCM_DATA, _GCM_SEALED
    sodium.aes256gcm_decrypt(
        plain, None, None, sealed, len(sealed), data, len(data), _GCM_NONCE, _GCM_KEY
    )
    return plain.raw


def _hmac(sodium: Sodium) -> bytes:
    tag = _room(32)
    sodium.hmacsha256(tag, _HMAC_MESSAGE, len(_HMAC_MESSAGE), _HMAC_KEY)
    return tag.raw


def _x25519(sodium: Sodium) -> tuple[bytes, bytes]:
    public, shared = _room(32), _room(32)
    sodium.scalarmult_base(public, _X25519_PRIVATE)
    sodium.scalarmult(shared, _X25519_PRIVATE, _X25519_PEER)
    return public.raw, shared.raw


def _argon2id(sodium: Sodium) -> bytes:
    key, passphrase = _room(32), _ARGON2ID_PASSPHRASE
    sodium.pwhash(
        key, 32, passphrase, len(passphrase), _ARGON2ID_SALT, 1, _ARGON2ID_MEMORY, _ARGON2ID
    )
    return key.raw


def _ecdsa(lib: Secp256k1) -> bytes:
    signature, compact, recovery_id = _room(65), _room(64), c_int()
    digest = hashlib.sha256(_ECDSA_MESSAGE).digest()
    lib.sign_recoverable(lib.context, signature, digest, _ECDSA_KEY, None, None)
    lib.serialize_recoverable(lib.context, compact, byref(recovery_id), signature)
    return compact.raw


def _ecdsa_verifies(lib: Secp256k1) -> bool:
    public, signature = _room(64), _room(64)
    digest = hashlib.sha256(_ECDSA_MESSAGE).digest()
    lib.pubkey_create(lib.context, public, _ECDSA_KEY)
    lib.parse_compact(lib.context, signature, _ECDSA_SIGNATURE)
    right = lib.verify(lib.context, signature, digest, public)
    wrong = lib.verify(lib.context, signature, bytes(32), public)
    return bool(right == 1 and wrong == 0)


def _room(size: int) -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(size)
