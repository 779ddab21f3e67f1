"""Signing over a stream that stays open: actions in, bodies to post out, with the least delay."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

from signward.client import Client
from signward.hyperliquid.actions import Action
from signward.requests import hyperliquid_request
from signward.stream import GRACE, MAX_IN_FLIGHT, SignFuture
from signward.v1 import hyperliquid_pb2 as pb

__all__ = ["Signer"]


class Signer:
    """Signs actions with one key over a stream of its own; use it in a ``with``.

    Threads may share it. An item that is refused ends nothing; a broken stream ends the signer.

    Args:
        client: The connection to the daemon; stays the caller's to close.
        key: Id of the key, of purpose hyperliquid.
        vault_address: Vault or sub-account to act for; empty: the key's vault or own account.
        version: Version of the key; 0: the primary one.
        timeout: Seconds that an action may take.
    """

    def __init__(
        self,
        client: Client,
        key: str,
        *,
        vault_address: str = "",
        version: int = 0,
        timeout: float = 5.0,
    ) -> None:
        self._request = functools.partial(
            hyperliquid_request, key, vault_address=vault_address, version=version
        )
        self._timeout = timeout
        self._stream = client.stream()

    def send(self, action: Action, *, expires_after: int = 0, nonce: int = 0) -> SignFuture:
        """Send an action; ``future.result().hyperliquid.post_body`` is what to post.

        Waits while 256 are in flight. The daemon gives nonces in the order in which it reads.

        Args:
            action: What to do.
            expires_after: Milliseconds since 1970 after which the exchange refuses it; 0: never.
            nonce: The nonce; 0: the daemon's next.

        Raises:
            SignwardError: The stream is closed or broken.
        """
        return self._stream.send(
            self._request(action, expires_after=expires_after, nonce=nonce), timeout=self._timeout
        )

    def sign(
        self, action: Action, *, expires_after: int = 0, nonce: int = 0
    ) -> pb.HyperliquidSignature:
        """Sign an action and wait for it; arguments as for ``send``.

        Raises:
            SignwardError: The action was refused, or the stream is closed or broken.
        """
        request = self._request(action, expires_after=expires_after, nonce=nonce)
        return self._stream.sign(request, timeout=self._timeout).hyperliquid

    def bodies(self, actions: Iterable[Action]) -> Iterator[bytes]:
        """Yield the body of each action, in their order, while the next ones are being signed.

        Raises:
            SignwardError: An action was refused; those behind it may be signed already.
        """
        waiting: deque[SignFuture] = deque()
        for action in actions:
            waiting.append(self.send(action))
            while waiting and (waiting[0].done() or len(waiting) == MAX_IN_FLIGHT):
                yield self._body(waiting.popleft())
        while waiting:
            yield self._body(waiting.popleft())

    def close(self) -> None:
        """Wait for what was sent, and end the stream."""
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stream.__exit__(kind, error, traceback)

    def _body(self, future: SignFuture) -> bytes:
        return future.result(self._timeout + GRACE).hyperliquid.post_body
