"""Loads both libraries once, at start."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from signward_server.custody.native.digests import LIBSECP256K1, LIBSODIUM
from signward_server.custody.native.locate import checked, locate
from signward_server.custody.native.secp256k1 import Secp256k1
from signward_server.custody.native.selftest import check_secp256k1, check_sodium
from signward_server.custody.native.sodium import Sodium

__all__ = ["Native", "load_native"]


@dataclass(frozen=True, slots=True)
class Native:
    """Both libraries, checked.

    Attributes:
        sodium: libsodium.
        secp256k1: libsecp256k1.
    """

    sodium: Sodium
    secp256k1: Secp256k1


def load_native(accepted_digests: Collection[str] = ()) -> Native:
    """Find, check, load and test both libraries.

    Args:
        accepted_digests: SHA-256 digests, in hex, of builds that are not from the pinned
            wheels and that the operator takes all the same.

    Raises:
        NativeLibraryError: A library is missing, is another one than those of the pinned
            wheels, or computes a known answer wrongly.
    """
    sodium = Sodium(checked(locate("nacl", "_sodium"), LIBSODIUM, accepted_digests))
    check_sodium(sodium)
    path = checked(locate("coincurve", "_libsecp256k1"), LIBSECP256K1, accepted_digests)
    secp256k1 = Secp256k1(path, sodium)
    check_secp256k1(secp256k1)
    return Native(sodium, secp256k1)
