from __future__ import annotations

import pytest
from signward_server.core.payloads import Hash
from signward_server.custody.digest import message_digest

# FIPS 180-4 example; the Keccak team's ShortMsgKAT_256 of Keccak (not SHA-3) and of nothing.
VECTORS = [
    (Hash.SHA256, b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (Hash.KECCAK256, b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
    (Hash.KECCAK256, b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
    (Hash.PREHASHED, bytes(range(32)), bytes(range(32)).hex()),
]


@pytest.mark.parametrize(("hash_", "message", "digest"), VECTORS)
def test_vectors(hash_: Hash, message: bytes, digest: str) -> None:
    assert message_digest(message, hash_).hex() == digest


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_digest_has_32_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="or a digest of 32 bytes"):
        message_digest(bytes(size), Hash.PREHASHED)


def test_no_hash_is_no_digest() -> None:
    with pytest.raises(ValueError, match="ECDSA signs a message under a hash"):
        message_digest(bytes(32), Hash.NONE)
