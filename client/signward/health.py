"""``grpc.health.v1.Health/Check`` without a package for its two messages.

The request has one string (field 1: the service), the answer one enum (field 1: the status):
https://github.com/grpc/grpc/blob/master/doc/health-checking.md
"""

from __future__ import annotations

import enum

import grpc
from google.protobuf.message import DecodeError
from google.protobuf.wrappers_pb2 import StringValue, UInt32Value

from signward.methods import unary
from signward.plans import Plan, Rpc

__all__ = ["CHECK", "HealthCalls", "ServingStatus"]


class ServingStatus(enum.Enum):
    """What a service says of itself."""

    UNKNOWN = 0
    SERVING = 1
    NOT_SERVING = 2
    SERVICE_UNKNOWN = 3


def _encode(service: str) -> bytes:
    """Encode the service's name; StringValue, too, is one string in field 1."""
    return StringValue(value=service).SerializeToString()


def _decode(answer: bytes) -> ServingStatus:
    """Decode the status; an enum travels like the unsigned integer in field 1 of UInt32Value."""
    try:
        return ServingStatus(UInt32Value.FromString(answer).value)
    except (DecodeError, ValueError):
        return ServingStatus.UNKNOWN


class _HealthStub:
    """As generated ones are.

    Attributes:
        Check: The method: the name of a service in (empty: all), its status out.
    """

    def __init__(self, channel: grpc.Channel) -> None:
        self.Check: grpc.UnaryUnaryMultiCallable[str, ServingStatus]
        self.Check = channel.unary_unary("/grpc.health.v1.Health/Check", _encode, _decode)


CHECK = Rpc(_HealthStub, lambda stub: stub.Check)


class HealthCalls:
    """The health service."""

    @unary
    def health(self, service: str = "", *, timeout: float | None = None) -> Plan[ServingStatus]:
        """Ask how a service is doing; empty: the daemon as a whole.

        Raises:
            NotFound: The daemon has no such service.
        """
        return CHECK(service, timeout)
