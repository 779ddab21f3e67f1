"""The client: one connection to one daemon, with a method for each of its calls."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from types import TracebackType
from typing import Self

import grpc

from signward.admin import AdminCalls
from signward.calls import UnaryCall
from signward.credentials import Credentials
from signward.health import ServingStatus, health_method
from signward.importing import ImportCalls
from signward.keys import KeyCalls
from signward.profiles import Profile, profile_from_environment, read_profile
from signward.renewal import Renewal
from signward.renewing import RenewingChannel
from signward.retry import RetryPolicy
from signward.signing import SigningCalls

__all__ = ["Client"]

_RETRIES = RetryPolicy()


class Client(KeyCalls, ImportCalls, SigningCalls):
    """One connection to a daemon. Threads may share it; close it, or use it in a ``with``.

    Calls return the generated messages of ``signward.v1`` and raise ``SignwardError``. A call
    after ``close`` is a ``ValueError``, as with files.

    Credentials that come from files are read again when these change: see ``reconnect``, which
    the client then does by itself, without a failed call.

    Args:
        target: ``host:port`` or ``unix:/path``.
        credentials: A client certificate, an API key, or both.
        timeout: Deadline in seconds of each unary call that names none.
        retries: How often calls with a ``request_id`` are repeated while the daemon is
            UNAVAILABLE; all other calls are made once.
        options: More channel options of grpc.

    Attributes:
        admin: What operators do: API keys, freezing, reloading, reading the audit log.

    Raises:
        ValueError: The target is empty or a URL, or the timeout is not above zero.
    """

    def __init__(
        self,
        target: str,
        credentials: Credentials,
        *,
        timeout: float = 5.0,
        retries: RetryPolicy = _RETRIES,
        options: Sequence[tuple[str, str | int]] = (),
    ) -> None:
        if timeout <= 0:
            raise ValueError("timeout must be above zero seconds")
        self._timeout = timeout
        self._renewal = Renewal(target, credentials, options)
        self._channel = RenewingChannel(self._renewal)
        KeyCalls.__init__(self, self._channel, timeout, retries)
        ImportCalls.__init__(self, self._channel, timeout, retries)
        SigningCalls.__init__(self, self._channel, timeout, retries, self._renewal.generation)
        self.admin = AdminCalls(self._channel, timeout, retries)
        self._health = UnaryCall(health_method(self._channel), timeout, retries)

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

    @property
    def channel(self) -> grpc.Channel:
        """The channel, for stubs of services that this client has no methods for."""
        return self._channel

    def health(self, service: str = "", *, timeout: float | None = None) -> ServingStatus:
        """Ask how a service is doing; empty: the daemon as a whole.

        Raises:
            NotFound: The daemon has no such service.
        """
        return self._health(service, timeout)

    @property
    def reconnections(self) -> int:
        """How many connections have taken the place of one before."""
        return self._renewal.count

    def reconnect(
        self, credentials: Credentials | None = None, *, timeout: float | None = None
    ) -> None:
        """Open a new connection for all calls from now on.

        It takes the old one's place when the daemon has accepted it. Calls and streams that run
        go on over the old one, which is closed with the last of them, an hour later at most.

        Args:
            credentials: To be used from now on; ``None``: the old ones, as their files are now.
            timeout: Seconds to connect; ``None``: the client's.

        Raises:
            CredentialsError: The credentials cannot be used; the old connection stays in use.
            SignwardError: The daemon cannot be reached with them; the old one stays in use.
        """
        self._renewal.renew(credentials, self._timeout if timeout is None else timeout)

    def close(self) -> None:
        """Close the connection; calls that are still running fail with ``Cancelled``."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
