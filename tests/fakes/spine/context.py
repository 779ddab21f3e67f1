"""A grpcio context without a server."""

from __future__ import annotations

from collections.abc import Callable

import grpc

__all__ = ["AbortedError", "FakeContext"]


class AbortedError(Exception):
    """What grpcio raises out of ``abort`` stands bare; here it can be told apart."""


class FakeContext:
    """As much of ``grpc.ServicerContext`` as the rpc layer uses.

    Attributes:
        remaining: Seconds until the deadline.
        active: Whether the caller is there.
        pems: The leaf certificate as TLS would give it.
        sender: Where the caller is, as gRPC says it.
        code: The code that the call was aborted with.
    """

    def __init__(self, *metadata: tuple[str, str | bytes], pems: tuple[bytes, ...] = ()) -> None:
        self.remaining = 1e9
        self.active = True
        self.pems = pems
        self.sender = "ipv4:127.0.0.1:50000"
        self.code: grpc.StatusCode | None = None
        self.details = ""
        self.trailing: tuple[tuple[str, bytes], ...] = ()
        self.cancelled = False
        self.callbacks: list[Callable[[], None]] = []
        self._metadata = metadata

    def time_remaining(self) -> float:
        return self.remaining

    def is_active(self) -> bool:
        return self.active

    def invocation_metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        return self._metadata

    def peer(self) -> str:
        return self.sender

    def auth_context(self) -> dict[str, tuple[bytes, ...]]:
        return {"x509_pem_cert": self.pems} if self.pems else {}

    def set_trailing_metadata(self, metadata: tuple[tuple[str, bytes], ...]) -> None:
        self.trailing = metadata

    def abort(self, code: grpc.StatusCode, details: str) -> None:
        self.code, self.details = code, details
        raise AbortedError

    def cancel(self) -> None:
        self.cancelled = True
        self.active = False

    def add_callback(self, callback: Callable[[], None]) -> bool:
        if not self.active:
            return False
        self.callbacks.append(callback)
        return True
