"""What an RPC is, before it is composed into a handler."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from signward_server.core.audit_events import AuditEvent
from signward_server.core.method_classes import MethodClass
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
        actions: The policy actions that its flow asks for; ``Sign*`` stands for those of all
            chains.
        method_class: What the limits count it as.
        event: What the audit log tells of it, whatever came of it; ``FAILURE`` for what is
            recorded only if it fails.
        unary: One message in, one out.
        streaming: Any number in, any number out; runs on the stream pool.
        by_item: Whether a stream answers each message by one, and ``rpc.items.NUDGE`` by itself.
        is_batch: Whether one message carries many items, and may be as large as a batch.
        anonymous: Whether it is exempt from showing who calls, from limits and from policy:
            health alone, and only by an explicit setting.
        swift: Whether answering a message cannot block, see ``rpc.early``; ``None``: it may.
    """

    name: str
    actions: tuple[str, ...]
    method_class: MethodClass
    event: AuditEvent
    unary: Unary | None = None
    streaming: Streaming | None = None
    by_item: bool = False
    is_batch: bool = False
    anonymous: bool = False
    swift: Swift | None = None

    def __post_init__(self) -> None:
        """Refuse to exempt anything but health.

        Raises:
            ValueError: Something else is to be exempt.
        """
        if self.anonymous and self.method_class is not MethodClass.HEALTH:
            raise ValueError(f"{self.name} cannot be exempt")
