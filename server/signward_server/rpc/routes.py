"""What an RPC is, before it is composed into a handler."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from signward_server.rpc.call import GrpcCall

__all__ = ["Route", "Streaming", "Swift", "Unary"]

Unary = Callable[[bytes, GrpcCall], bytes]
Swift = Callable[[bytes], bool]
Streaming = Callable[[Iterator[bytes], GrpcCall], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Route:
    """One RPC.

    Exactly one of ``unary`` and ``streaming`` is set. All bodies are bytes, so that bad
    ones get our own errors.

    Attributes:
        name: Full name, ``/signward.v1.SignService/Sign``.
        unary: One message in, one out.
        streaming: Any number in, any number out; runs on the stream pool.
        is_batch: Whether one message carries many items, and may be as large as a batch.
        swift: Whether answering a message cannot block, see ``rpc.early``; ``None``: it may.
    """

    name: str
    unary: Unary | None = None
    streaming: Streaming | None = None
    is_batch: bool = False
    swift: Swift | None = None
