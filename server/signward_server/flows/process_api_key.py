"""The API key of one process: from its environment, kept nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime

from signward_server.core.api_keys import ApiKey
from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.ports import Clock, SecretDigest

__all__ = ["process_api_key"]

_ID = "ak_process000000000"  # no random id is likely to be this one
_NAME = "default"


def process_api_key(secret: str, digest: SecretDigest, clock: Clock) -> ApiKey:
    """Return the API key of this secret; it stands for ``apikey:default`` and does not expire.

    Raises:
        CustodyUnavailable: The KEK is closed.
    """
    identity = Identity(IdentityKind.API_KEY, _NAME)
    return ApiKey(
        id=_ID,
        identity=identity,
        digest=digest.digest(secret.encode()),
        create_time=clock.now(),
        expire_time=datetime.max.replace(tzinfo=UTC),
        created_by=str(identity),
        imported=True,
    )
