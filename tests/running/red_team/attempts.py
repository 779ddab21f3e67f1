"""What an attempt is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from signward.v1 import hyperliquid_pb2 as hl
from signward.v1 import sign_service_pb2 as pb

from tests.running.red_team.thieves import Thief

__all__ = ["DENIED", "INVALID", "UNSUPPORTED", "Attempt", "Made", "asked"]

DENIED = "POLICY_DENIED"
INVALID = "FIELD_INVALID"
UNSUPPORTED = "PAYLOAD_UNSUPPORTED"

Made: TypeAlias = hl.HyperliquidPayload | pb.RawMessage | pb.OrderIntent


@dataclass(frozen=True, slots=True)
class Attempt:
    """Something that must be refused.

    Attributes:
        name: What it is.
        make: What is asked to be signed.
        reason: Why it is refused.
        key: The key that it is tried with; empty for the thief's own.
    """

    name: str
    make: Callable[[Thief], Made]
    reason: str = DENIED
    key: str = ""


def asked(attempt: Attempt, thief: Thief, request_id: str = "") -> pb.SignRequest:
    """Return an attempt as a request."""
    request = pb.SignRequest(key=attempt.key or thief.key, request_id=request_id)
    made = attempt.make(thief)
    if isinstance(made, hl.HyperliquidPayload):
        request.hyperliquid.CopyFrom(made)
    elif isinstance(made, pb.RawMessage):
        request.raw.CopyFrom(made)
    else:
        request.order.CopyFrom(made)
    return request
