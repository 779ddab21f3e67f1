"""Bare calls: any bytes to any method, and what the answer says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from tests.running.homes import PATIENCE

__all__ = [
    "KEYS",
    "SIGN",
    "Refusal",
    "held",
    "refusal_in",
    "refusal_of",
    "refused",
    "silent",
    "unary",
]

SIGN = "/signward.v1.SignService/"
KEYS = "/signward.v1.KeyService/"
_DETAILS = "grpc-status-details-bin"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as a caller sees it.

    Attributes:
        status: Name of the gRPC status.
        reason: Reason of its one ErrorInfo; empty without one.
        fields: Paths of the fields that its BadRequest names.
    """

    status: str
    reason: str = ""
    fields: tuple[str, ...] = ()


def unary(channel: grpc.Channel, method: str) -> Callable[..., bytes]:
    """Return a call that takes and gives the bytes of messages."""
    call: Callable[..., bytes] = channel.unary_unary(method)
    return call


def refused(
    channel: grpc.Channel, method: str, data: bytes, *, timeout: float = PATIENCE
) -> Refusal:
    """Make a call that must fail."""
    with pytest.raises(grpc.RpcError) as raised:
        unary(channel, method)(data, timeout=timeout)
    return refusal_of(raised.value)


def refusal_of(error: grpc.RpcError) -> Refusal:
    """Read the error of a call."""
    assert isinstance(error, grpc.Call)
    carried = [value for key, value in error.trailing_metadata() or () if key == _DETAILS]
    if not carried:
        return Refusal(error.code().name)
    (data,) = carried
    found = status_pb2.Status.FromString(data)
    assert found.code == error.code().value[0]
    assert found.message == error.details()
    return refusal_in(found)


def refusal_in(status: status_pb2.Status) -> Refusal:
    """Read the error of an item: exactly one ErrorInfo, of our domain."""
    infos, fields = [], []
    for detail in status.details:
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info):
            infos.append(info)
        elif detail.Unpack(bad):
            fields += [violation.field for violation in bad.field_violations]
    (info,) = infos
    assert info.domain == "signward"
    (name,) = (code.name for code in grpc.StatusCode if code.value[0] == status.code)
    return Refusal(name, info.reason, tuple(fields))


@contextmanager
def held(channel: grpc.Channel, method: str, data: bytes) -> Iterator[threading.Event]:
    """Keep a unary call running: its message is sent when the event is set, and answered."""
    release, started = threading.Event(), threading.Event()

    def requests() -> Iterator[bytes]:
        started.set()
        release.wait(PATIENCE)
        yield data

    call = channel.stream_unary(method).future(requests(), timeout=PATIENCE)
    assert started.wait(PATIENCE)
    grpc.channel_ready_future(channel).result(PATIENCE)
    try:
        yield release
    finally:
        release.set()
    assert call.result(PATIENCE)


def silent(until: Callable[[], object]) -> Iterator[bytes]:
    """Yield no message until something has happened."""
    until()
    nothing: Iterable[bytes] = ()
    yield from nothing
