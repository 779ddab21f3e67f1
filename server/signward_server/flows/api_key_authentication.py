"""Finding out whose API key a secret is, and whether it still counts."""

from __future__ import annotations

import hmac
from functools import lru_cache

from signward_server.core.address_ranges import is_within, networks_of
from signward_server.core.api_key_secrets import is_secret
from signward_server.core.api_keys import ApiKey
from signward_server.core.clock import Onward
from signward_server.core.errors import ApiKeyExpired, ApiKeyInvalid, ApiKeyRevoked
from signward_server.core.ports import ApiKeys, Clock, SecretDigest

__all__ = ["ApiKeyAuthentication"]

_PARSED_RANGES = 4096


class ApiKeyAuthentication:
    """Tells callers by the secrets that they send.

    A wall clock that is set back revives nothing: what has expired once stays so (S13).

    Args:
        api_keys: All API keys.
        digest: What of a secret is kept.
        clock: When keys end.
        extra: One more, of this process alone; where its secret is stored as well, what is
            stored counts.
    """

    def __init__(
        self,
        *,
        api_keys: ApiKeys,
        digest: SecretDigest,
        clock: Clock,
        extra: ApiKey | None = None,
    ) -> None:
        self._api_keys = api_keys
        self._extra = extra
        self._digest = digest
        self._onward = Onward(clock, for_good=True)
        self._networks = lru_cache(_PARSED_RANGES)(networks_of)

    def authenticate(self, secret: bytes | str, address: str) -> ApiKey:
        """Return the API key with this secret.

        Only the right secret from a right address learns that its key ended; for everything
        else there is one answer.

        Args:
            secret: As the caller sent it.
            address: The peer's IP address, empty over a Unix socket: a key that is bound to
                networks does not count there.

        Raises:
            ApiKeyInvalid: It is malformed or unknown, or may not be used from there.
            ApiKeyRevoked, ApiKeyExpired: It does not count any more.
            CustodyUnavailable: The KEK is closed.
        """
        api_key = self._find(secret)
        if api_key is None or not self._may_come_from(api_key, address):
            raise ApiKeyInvalid
        self._ensure_counts(api_key)
        return api_key

    def ensure_valid(self, api_key: ApiKey) -> None:
        """Return while an API key that ``authenticate`` returned counts; takes a microsecond.

        Raises:
            ApiKeyRevoked, ApiKeyExpired: It does not any more.
            ApiKeyInvalid: There is no such key any more.
        """
        if self._extra is not None and api_key.id == self._extra.id:
            known: ApiKey | None = self._api_keys.find(api_key.digest) or self._extra
        else:
            known = self._api_keys.get(api_key.id)
        if known is None:
            raise ApiKeyInvalid
        self._ensure_counts(known)

    def _find(self, secret: bytes | str) -> ApiKey | None:
        if isinstance(secret, str):
            if not secret.isascii():
                return None
            secret = secret.encode()
        if not is_secret(secret):
            return None
        digest = self._digest.digest(secret)
        found = self._api_keys.find(digest) or self._extra
        if found is None or not hmac.compare_digest(found.digest, digest):
            return None
        return found

    def _may_come_from(self, api_key: ApiKey, address: str) -> bool:
        ranges = api_key.address_ranges
        return not ranges or is_within(address, self._networks(ranges))

    def _ensure_counts(self, api_key: ApiKey) -> None:
        if api_key.revoke_time is not None:
            raise ApiKeyRevoked
        if self._onward.time() >= api_key.expire_time.timestamp():
            raise ApiKeyExpired
