"""The client: one connection to one daemon, with a method for each of its calls."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import grpc

from signward.accounts import AccountCalls
from signward.admin import AdminCalls
from signward.credentials import Credentials
from signward.methods import Blocking
from signward.renewal import Renewal
from signward.renewing import RenewingChannel
from signward.retry import RetryPolicy
from signward.surface import Surface
from signward.transport import Transport

__all__ = ["Accounts", "Admin", "Client"]

_RETRIES = RetryPolicy()


class Accounts(AccountCalls, Blocking):
    """What is done with accounts on ledgers, over the connection of a client."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport


class Admin(AdminCalls, Blocking):
    """What operators do, over the connection of a client."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport


class Client(Surface, Blocking):
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
        accounts: Accounts on ledgers, and who may act for them.
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
        super().__init__(target, credentials, timeout=timeout)
        self._renewal = Renewal(target, credentials, options)
        self._channel = RenewingChannel(self._renewal)
        self._transport = Transport(self._channel, timeout, retries, self._renewal.generation)
        self.accounts = Accounts(self._transport)
        self.admin = Admin(self._transport)

    @property
    def channel(self) -> grpc.Channel:
        """The channel, for stubs of services that this client has no methods for."""
        return self._channel

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
