"""Digests of what is signed, of what an answer depends on, and of what is approved."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from signward_server.core.ports import Claim, RequestScope
from signward_server.core.signing import Decoded, SignRequest

__all__ = ["approval_digest", "approval_use", "request_content", "signed_digest"]

_APPROVAL = b"signward.approval.v1"
_APPROVAL_USE = b"signward.approval-use.v1"


def signed_digest(messages: tuple[bytes, ...]) -> bytes:
    """Return the SHA-256 of the signed bytes; of their concatenation where there are several."""
    if len(messages) == 1:
        return hashlib.sha256(messages[0]).digest()
    return hashlib.sha256(b"".join(messages)).digest()


def request_content(request: SignRequest, decoded: Decoded) -> bytes:
    """Return the SHA-256 of everything that the answer depends on (S33).

    Of a draft that is its content, since the nonce is part of the answer.
    """
    head = f"{decoded.intent.action}\0{request.version}\0{decoded.hash.name}"
    return _digest((head.encode(), request.expected_fingerprint, *_content(decoded)))


def approval_digest(key_id: str, decoded: Decoded) -> bytes:
    """Return the SHA-256 that names exactly one action on one key, for an approval (S15).

    Neither the version that is to sign nor a nonce that the daemon gives is part of it.
    """
    head = f"{decoded.intent.action}\0{decoded.hash.name}"
    return _digest((_APPROVAL, key_id.encode(), head.encode(), *_content(decoded)))


def approval_use(digest: bytes, scope: RequestScope, claim: Claim) -> bytes:
    """Return the SHA-256 that names what an approval is used for: one answer to one request.

    Args:
        digest: What was approved.
        scope: Whose request it is.
        claim: What that resolved to: with another nonce or version it is another answer.
    """
    texts = (scope.identity, scope.method, scope.key, scope.request_id)
    numbers = f"{claim.version}\0{claim.nonce}".encode()
    return _digest((_APPROVAL_USE, digest, *(text.encode() for text in texts), numbers))


def _content(decoded: Decoded) -> tuple[bytes, ...]:
    return decoded.messages if decoded.draft is None else (decoded.draft.content,)


def _digest(parts: Iterable[bytes]) -> bytes:
    """Hash parts, each with its length, so that no two lists of them share their bytes."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()
