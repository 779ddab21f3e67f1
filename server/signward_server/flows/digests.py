"""Digests of what is signed, and of what an answer depends on."""

from __future__ import annotations

import hashlib

from signward_server.core.signing import Decoded, SignRequest

__all__ = ["request_content", "signed_digest"]


def signed_digest(messages: tuple[bytes, ...]) -> bytes:
    """Return the SHA-256 of the signed bytes; of their concatenation where there are several."""
    if len(messages) == 1:
        return hashlib.sha256(messages[0]).digest()
    return hashlib.sha256(b"".join(messages)).digest()


def request_content(request: SignRequest, decoded: Decoded) -> bytes:
    """Return the SHA-256 of everything that the answer depends on (S33).

    Each part goes in with its length, so that no two requests share their bytes.
    """
    digest = hashlib.sha256()
    head = f"{decoded.intent.action}\0{request.version}\0{decoded.hash.name}"
    for part in (head.encode(), request.expected_fingerprint, *decoded.messages):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()
