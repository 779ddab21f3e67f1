"""The API key of a call, from its metadata.

``authorization: Bearer <secret>`` (RFC 6750, section 2.1) or ``x-api-key: <secret>``; one of
them, once. Whatever is ambiguous is refused rather than chosen from.
"""

from __future__ import annotations

from collections.abc import Iterable

from signward_server.core.errors import ApiKeyInvalid

__all__ = ["secret_of"]

_AUTHORIZATION = "authorization"
_API_KEY = "x-api-key"
_CARRIERS = frozenset({_AUTHORIZATION, _API_KEY})
_SCHEME = "bearer"


def secret_of(metadata: Iterable[tuple[str, str | bytes]]) -> str | None:
    """Return the secret that a call carries, ``None`` if it carries none.

    Args:
        metadata: Names in lower case, as gRPC gives them, and values.

    Raises:
        ApiKeyInvalid: There are several, or one that is not in the form above.
    """
    found: str | None = None
    for name, text in metadata:
        if name not in _CARRIERS:
            continue
        if found is not None or not isinstance(text, str):
            raise ApiKeyInvalid
        found = text if name == _API_KEY else _bearer(text)
        if not found:
            raise ApiKeyInvalid
    return found


def _bearer(text: str) -> str:
    scheme, _, secret = text.partition(" ")
    return secret.strip(" ") if scheme.lower() == _SCHEME else ""
