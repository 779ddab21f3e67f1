"""A channel with the credentials that it was opened with; it ends with its last call."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from typing import TypeAlias

import grpc

from signward.channel import open_channel
from signward.credentials import Credentials
from signward.errors import DeadlineExceeded, Unauthenticated, Unavailable
from signward.health import CHECK
from signward.status import from_rpc_error

__all__ = ["Connection", "Options"]

Options: TypeAlias = Sequence[tuple[str, str | int]]


class Connection:
    """A channel that is closed when nobody refers to it any more.

    Those are the client, while new calls go over it, and each call that somebody may still ask
    for an answer: so it needs no count of calls, which would cost each of them a lock.

    Args:
        target: As for ``open_channel``.
        credentials: Who both sides are.
        options: As for ``open_channel``.

    Attributes:
        channel: Makes the calls.
        credentials: What it was opened with.
    """

    __slots__ = ("__weakref__", "_left", "channel", "credentials")

    def __init__(self, target: str, credentials: Credentials, options: Options) -> None:
        self.credentials = credentials
        self.channel = open_channel(target, credentials, options=options)
        self._left = weakref.finalize(self, _close_elsewhere, self.channel)
        self._left.atexit = False

    def try_out(self, timeout: float) -> None:
        """Connect, and let the daemon say whether it takes the credentials.

        A handshake alone does not show that: what a certificate may be used for, and whether
        it is revoked, the daemon judges with each call.

        Raises:
            SignwardError: It cannot be reached within so many seconds, or refuses them.
        """
        try:
            CHECK.on(self.channel)("", timeout, wait_for_ready=True)
        except grpc.RpcError as error:
            failure = from_rpc_error(error)
            if isinstance(failure, (DeadlineExceeded, Unauthenticated, Unavailable)):
                raise failure from error

    def close(self) -> None:
        """Close the channel now; calls that still run fail."""
        if self._left.detach() is not None:
            self.channel.close()


def _close_elsewhere(channel: grpc.Channel) -> None:
    """Close a channel on a thread of its own: this one may be grpc's, which closing waits for."""
    threading.Thread(target=channel.close, name="signward-closing", daemon=True).start()
