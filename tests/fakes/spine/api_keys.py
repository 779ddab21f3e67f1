"""API keys in a dictionary, and digests under a key that a test knows."""

from __future__ import annotations

import dataclasses
import hmac
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from signward_server.core.api_keys import ApiKey
from signward_server.core.errors import ApiKeyExists, SignwardError
from signward_server.core.identity import Identity, IdentityKind

__all__ = ["FakeApiKeys", "FakeSecretDigest", "api_key"]

CREATED = datetime(2030, 1, 1, tzinfo=UTC)


class FakeSecretDigest:
    """Implements ``core.ports.SecretDigest``.

    Attributes:
        asked: What was digested, in order.
        failure: What ``digest`` raises.
    """

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.failure: SignwardError | None = None

    def digest(self, secret: bytes) -> bytes:
        if self.failure is not None:
            raise self.failure
        self.asked.append(secret)
        return hmac.digest(b"k" * 32, secret, "sha256")


class FakeApiKeys:
    """Implements ``core.ports.ApiKeys``.

    Attributes:
        failure: What every change raises.
    """

    def __init__(self) -> None:
        self.failure: SignwardError | None = None
        self.generation = 0
        self._keys: dict[str, ApiKey] = {}
        self._lock = threading.Lock()

    def find(self, digest: bytes) -> ApiKey | None:
        found = [key for key in self._keys.values() if key.digest == digest]
        return found[0] if found else None

    def get(self, key_id: str) -> ApiKey | None:
        return self._keys.get(key_id)

    def page(self, after: str, limit: int) -> Sequence[ApiKey]:
        return [self._keys[name] for name in sorted(self._keys) if name > after][: max(limit, 0)]

    def insert(self, api_key: ApiKey) -> None:
        with self._lock:
            if self.failure is not None:
                raise self.failure
            if api_key.id in self._keys or self.find(api_key.digest) is not None:
                raise ApiKeyExists
            self._put(api_key)

    def revoke(self, key_id: str, at: datetime) -> ApiKey | None:
        with self._lock:
            if self.failure is not None:
                raise self.failure
            known = self._keys.get(key_id)
            if known is None or known.revoke_time is not None:
                return known
            return self._put(dataclasses.replace(known, revoke_time=at))

    def drop(self, key_id: str) -> None:
        """Lose a key, as no store does."""
        del self._keys[key_id]

    def _put(self, api_key: ApiKey) -> ApiKey:
        self._keys[api_key.id] = api_key
        self.generation += 1
        return api_key


def api_key(name: str = "aaaaaaaaaaaaaaaa", **changes: Any) -> ApiKey:
    """Return an API key whose digest follows from its name."""
    fields: dict[str, Any] = {
        "id": f"ak_{name}",
        "identity": Identity(IdentityKind.CN, "bot"),
        "digest": hmac.digest(b"d" * 32, name.encode(), "sha256"),
        "create_time": CREATED,
        "expire_time": CREATED + timedelta(days=30),
        "created_by": "cn:admin",
    }
    return ApiKey(**fields | changes)
