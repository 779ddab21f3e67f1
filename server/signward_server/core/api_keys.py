"""API keys, as they are kept: whom they stand for, and never the secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from signward_server.core.identity import Identity

__all__ = ["ApiKey"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """One API key.

    Attributes:
        id: Its name, not secret: ``ak_`` and 16 characters ``[a-z0-9]``.
        identity: Whom it stands for.
        digest: 32 bytes: the MAC of the secret under a key derived from the KEK.
        create_time: When it was made, UTC.
        expire_time: When it ends, UTC.
        created_by: Identity of the maker, in typed form.
        address_ranges: Networks in CIDR form that it may be used from; empty for all. Over a
            Unix socket there is no address, so that only an unbound key works there.
        imported: Whether its secret was brought along.
        revoke_time: When it was revoked, UTC; ``None`` if it is not. Never taken back.
    """

    id: str
    identity: Identity
    digest: bytes = field(repr=False)
    create_time: datetime
    expire_time: datetime
    created_by: str
    address_ranges: tuple[str, ...] = ()
    imported: bool = False
    revoke_time: datetime | None = None
