"""The peer of a connection: its certificate and its address."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast
from urllib.parse import unquote

import grpc

from signward_server.core.address_ranges import address_in

__all__ = ["address_of", "certificate_finder"]

_PROPERTY = "x509_pem_cert"  # the leaf; the chain beside it is what the peer sent
_PROPERTY_BYTES = _PROPERTY.encode()
_PEERS = 4096  # one for each connection
_cygrpc: Any = importlib.import_module("grpc._cython.cygrpc")  # has no stubs
_Finder = Callable[[grpc.ServicerContext], bytes | None]


def certificate_finder() -> _Finder:
    """Return the quickest way to the PEM form of the leaf that this grpcio has.

    ``auth_context()`` decodes the names of all twelve properties on each call, which is
    four fifths of its cost and a fiftieth of a whole call. Where grpcio still has the function
    beneath it, that is called instead; a test holds the two ways against each other.
    """
    return _direct if hasattr(_cygrpc, "auth_context") else _public


def _direct(context: grpc.ServicerContext) -> bytes | None:
    event = getattr(context, "_rpc_event", None)
    if event is None:
        return _public(context)
    properties = _cygrpc.auth_context(event.call) or {}
    return _only(properties.get(_PROPERTY_BYTES))


def _public(context: grpc.ServicerContext) -> bytes | None:
    properties = cast("Mapping[str, Sequence[bytes]]", context.auth_context())
    return _only(properties.get(_PROPERTY))


def _only(values: Sequence[bytes] | None) -> bytes | None:
    return values[0] if values else None


@lru_cache(_PEERS)
def address_of(peer: str) -> str:
    """Return the IP address of ``context.peer()``; empty where there is none.

    Reading one takes longer than all else that is done to know a caller, so that the last
    ones are kept.

    Args:
        peer: ``ipv4:192.0.2.1:443``, ``ipv6:%5B2001:db8::1%5D:443`` or ``unix:``.
    """
    family, _, rest = peer.partition(":")
    if family not in {"ipv4", "ipv6"}:
        return ""
    host, _, _ = unquote(rest).rpartition(":")
    address = address_in(host.strip("[]"))
    return "" if address is None else str(address)
