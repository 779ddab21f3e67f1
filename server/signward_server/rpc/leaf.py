"""A caller's certificate, reduced to what each call needs of it."""

from __future__ import annotations

from dataclasses import dataclass

from signward_server.core.identity import Identity

__all__ = ["Leaf"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A parsed client certificate.

    Attributes:
        identity: Whom it names.
        not_before: Start of its validity and of its issuer's, seconds since the epoch.
        not_after: End of its validity or of its issuer's, whichever comes first.
    """

    identity: Identity
    not_before: float
    not_after: float
