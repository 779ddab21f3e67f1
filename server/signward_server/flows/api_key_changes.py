"""Making, showing and revoking API keys."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from signward_server.core.api_key_secrets import RANDOM_BYTES, make_secret
from signward_server.core.api_keys import ApiKey
from signward_server.core.errors import ApiKeyNotFound, AuditUnavailable
from signward_server.core.identity import Identity
from signward_server.core.ports import ApiKeys, Audit, Call, Clock, Policy, SecretDigest
from signward_server.flows.recording import Recorded

__all__ = ["ApiKeyChanges", "ApiKeyPage", "MakeApiKey"]

_CREATE = "CreateApiKey"
_IMPORT = "ImportApiKey"
_LIST = "ListApiKeys"
_REVOKE = "RevokeApiKey"
_SCAN = 500
_ID_BYTES = 10  # 16 characters of base 32


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeApiKey:
    """An API key to make, well formed.

    Attributes:
        identity: Whom it shall stand for.
        expire_time: When it shall end, UTC.
        address_ranges: See ``ApiKey``.
        secret: What callers hold already; empty to make one.
    """

    identity: Identity
    expire_time: datetime
    address_ranges: tuple[str, ...] = ()
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ApiKeyPage:
    """A page of a list.

    Attributes:
        api_keys: In order of id.
        next_after: The id after which the next page begins, empty at the end.
    """

    api_keys: tuple[ApiKey, ...]
    next_after: str


class ApiKeyChanges:
    """Administers API keys. Secrets pass through and are kept nowhere.

    Args:
        api_keys: All API keys.
        digest: What of a secret is kept.
        policy: Who may.
        audit: The log; notes name API keys by their ids.
        clock: Dates them.
        random: Returns so many bytes that nobody can guess.
    """

    def __init__(
        self,
        *,
        api_keys: ApiKeys,
        digest: SecretDigest,
        policy: Policy,
        audit: Audit,
        clock: Clock,
        random: Callable[[int], bytes],
    ) -> None:
        self._api_keys = api_keys
        self._digest = digest
        self._policy = policy
        self._audit = audit
        self._clock = clock
        self._random = random

    def create(self, call: Call, request: MakeApiKey) -> tuple[ApiKey, str]:
        """Make an API key.

        Returns:
            The key and its secret, which can be had nowhere else.

        Raises:
            PolicyDenied, PolicyError: The caller may not.
            ApiKeyQuota: There are too many.
            StoreUnavailable: Nothing was made.
            AuditUnavailable: It could not be recorded and was revoked.
        """
        secret = make_secret(self._random(RANDOM_BYTES))
        return self._make(call, _CREATE, request, secret, imported=False), secret

    def import_(self, call: Call, request: MakeApiKey) -> ApiKey:
        """Take over an API key that callers hold already; see ``create``.

        Raises:
            ApiKeyExists: Its secret is known, maybe as that of a revoked key.
        """
        return self._make(call, _IMPORT, request, request.secret, imported=True)

    def page(self, call: Call, identity: Identity | None, after: str, size: int) -> ApiKeyPage:
        """Return up to ``size`` API keys with an id above ``after``, all or those of one identity.

        Raises:
            PolicyDenied, PolicyError: The caller may not.
        """
        with Recorded(self._audit, call, _LIST, ""):
            self._policy.authorize(call, _LIST, None)
            found: list[ApiKey] = []
            while len(found) <= size:
                call.ensure_live()
                scanned = self._api_keys.page(after, _SCAN)
                found.extend(key for key in scanned if identity is None or key.identity == identity)
                if len(scanned) < _SCAN:
                    break
                after = scanned[-1].id
            shown = tuple(found[:size])
            return ApiKeyPage(shown, shown[-1].id if len(found) > size else "")

    def revoke(self, call: Call, key_id: str) -> ApiKey:
        """Revoke an API key for good; nobody is let in with it when this returns (S34).

        Raises:
            PolicyDenied, PolicyError: The caller may not.
            ApiKeyNotFound: There is no such key.
            StoreUnavailable: It is as it was.
        """
        with Recorded(self._audit, call, _REVOKE, "", key_id):
            self._policy.authorize(call, _REVOKE, None)
            call.ensure_live()
            revoked = self._api_keys.revoke(key_id, self._clock.now())
            if revoked is None:
                raise ApiKeyNotFound
            return revoked

    def _make(
        self, call: Call, action: str, request: MakeApiKey, secret: str, *, imported: bool
    ) -> ApiKey:
        made = ApiKey(
            id=f"ak_{base64.b32encode(self._random(_ID_BYTES)).decode().lower()}",
            identity=request.identity,
            digest=self._digest.digest(secret.encode()),
            create_time=self._clock.now(),
            expire_time=request.expire_time,
            created_by=str(call.identity),
            address_ranges=request.address_ranges,
            imported=imported,
        )
        try:
            with Recorded(self._audit, call, action, "", f"{made.id} {made.identity}"):
                self._policy.authorize(call, action, None)
                call.ensure_live()
                self._api_keys.insert(made)
        except AuditUnavailable:
            # What nobody can know of lets nobody in.
            self._api_keys.revoke(made.id, made.create_time)
            raise
        return made
