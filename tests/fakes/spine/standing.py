"""A caller who has shown something, until a test says that it does not hold any more."""

from __future__ import annotations

from signward_server.core.errors import SignwardError
from signward_server.core.identity import Authentication, Identity

__all__ = ["FakeStanding"]


class FakeStanding:
    """Implements ``rpc.standing.Standing``.

    Attributes:
        end: What ``ensure_valid`` raises.
    """

    def __init__(
        self, identity: Identity, authentication: Authentication = Authentication.CERTIFICATE
    ) -> None:
        self.identity = identity
        self.authentication = authentication
        self.end: SignwardError | None = None

    def ensure_valid(self) -> None:
        if self.end is not None:
            raise self.end
