"""Loads both libraries once, at start."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from signward_server.custody.native.digests import LIBSECP256K1, LIBSODIUM
from signward_server.custody.native.locate import INSTALL, NativeLibraryError, listed, locate
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
        unlisted: Files that were taken although they are not from a pinned wheel.
    """

    sodium: Sodium
    secp256k1: Secp256k1
    unlisted: tuple[Path, ...] = ()


def load_native(*, allow_unlisted: bool = False) -> Native:
    """Find, check, load and test both libraries (S25).

    Args:
        allow_unlisted: Whether to take builds that are not from the pinned wheels, for
            example those of a distribution. The known answers are asked of them too.

    Raises:
        NativeLibraryError: A library is missing, is another one than those of the pinned
            wheels, or computes a known answer wrongly.
    """
    sodium_path = locate("nacl", "_sodium")
    secp256k1_path = locate("coincurve", "_libsecp256k1")
    unlisted = tuple(_unlisted((sodium_path, LIBSODIUM), (secp256k1_path, LIBSECP256K1)))
    if unlisted and not allow_unlisted:
        raise NativeLibraryError(
            f"not the library of a pinned wheel: {', '.join(map(str, unlisted))}",
            f"{INSTALL}, or set custody.envelope.allow_unlisted_libraries if it is meant",
        )
    sodium = Sodium(sodium_path)
    check_sodium(sodium)
    secp256k1 = Secp256k1(secp256k1_path, sodium)
    check_secp256k1(secp256k1)
    return Native(sodium, secp256k1, unlisted)


def _unlisted(*libraries: tuple[Path, Collection[str]]) -> Iterator[Path]:
    for path, known in libraries:
        if not listed(path, known):
            yield path
