"""What both clients offer for a connection, however they make their calls."""

from __future__ import annotations

from os import PathLike
from typing import Self

from signward.credentials import Credentials
from signward.health import HealthCalls
from signward.importing import ImportCalls
from signward.keys import KeyCalls
from signward.profiles import Profile, profile_from_environment, read_profile
from signward.signing import SigningCalls
from signward.versions import VersionCalls

__all__ = ["Surface"]


class Surface(KeyCalls, ImportCalls, VersionCalls, SigningCalls, HealthCalls):
    """The calls that are made for everybody, and two ways to say where to.

    Args:
        target: ``host:port`` or ``unix:/path``.
        credentials: A client certificate, an API key, or both.
        timeout: Deadline in seconds of each unary call that names none.

    Raises:
        ValueError: The timeout is not above zero.
    """

    def __init__(
        self,
        target: str,  # noqa: ARG002 -- each client opens its connections in its own way
        credentials: Credentials,  # noqa: ARG002
        *,
        timeout: float = 5.0,
    ) -> None:
        if timeout <= 0:
            raise ValueError("timeout must be above zero seconds")
        self._timeout = timeout

    @classmethod
    def from_profile(
        cls, name: str, path: str | PathLike[str] | None = None, *, timeout: float = 5.0
    ) -> Self:
        """Connect as a profile of the profiles file says.

        Raises:
            CredentialsError: The profile or one of its files cannot be used.
        """
        return cls._from(read_profile(name, path), timeout)

    @classmethod
    def from_environment(cls, *, timeout: float = 5.0) -> Self:
        """Connect as ``SIGNWARD_TARGET`` and its sisters say; see ``signward.profiles``.

        Raises:
            CredentialsError: A variable is missing or a file cannot be used.
        """
        return cls._from(profile_from_environment(), timeout)

    @classmethod
    def _from(cls, profile: Profile, timeout: float) -> Self:
        return cls(profile.target, profile.credentials(), timeout=timeout)
