"""``grpc.health.v1.Health/Check`` without a package for its two messages.

The request has one string (field 1: the service), the answer one enum (field 1: the status):
https://github.com/grpc/grpc/blob/master/doc/health-checking.md
"""

from __future__ import annotations

import enum

import grpc
from google.protobuf.message import DecodeError
from google.protobuf.wrappers_pb2 import StringValue, UInt32Value

__all__ = ["ServingStatus", "health_method"]


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


def health_method(channel: grpc.Channel) -> grpc.UnaryUnaryMultiCallable[str, ServingStatus]:
    """Return the method: the name of a service in (empty: all), its status out."""
    return channel.unary_unary("/grpc.health.v1.Health/Check", _encode, _decode)
