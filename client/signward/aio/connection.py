"""A channel of an event loop, with the credentials that it was opened with."""

from __future__ import annotations

import grpc

from signward.bearer import authorization
from signward.channel import channel_options
from signward.connection import Options
from signward.credentials import Credentials
from signward.errors import DeadlineExceeded, Unauthenticated, Unavailable
from signward.health import CHECK
from signward.status import from_rpc_error

__all__ = ["Connection"]


class Connection:
    """A channel that is closed when nobody refers to it any more: grpc's closes itself.

    Args:
        target: As for ``open_channel``.
        credentials: Who both sides are.
        options: As for ``open_channel``.

    Attributes:
        channel: Makes the calls.
        credentials: What it was opened with.
        metadata: What goes out with every call: the API key, if there is one.
    """

    __slots__ = ("__weakref__", "channel", "credentials", "metadata")

    def __init__(self, target: str, credentials: Credentials, options: Options) -> None:
        self.credentials = credentials
        self.channel = grpc.aio.secure_channel(
            target,
            credentials.channel_credentials(),
            channel_options(target, credentials, options),
        )
        self.metadata = authorization(credentials.api_key) if credentials.api_key else ()

    async def try_out(self, timeout: float) -> None:
        """Connect, and let the daemon say whether it takes the credentials.

        A handshake alone does not show that: what a certificate may be used for, and whether
        it is revoked, the daemon judges with each call.

        Raises:
            SignwardError: It cannot be reached within so many seconds, or refuses them.
        """
        check = CHECK.on(self.channel)
        try:
            await check("", timeout=timeout, metadata=self.metadata, wait_for_ready=True)
        except grpc.aio.AioRpcError as error:
            failure = from_rpc_error(error)
            if isinstance(failure, (DeadlineExceeded, Unauthenticated, Unavailable)):
                raise failure from error

    async def close(self) -> None:
        """Close the channel now; calls that still run fail."""
        await self.channel.close()
