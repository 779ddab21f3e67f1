"""The TCP ports that workers share, kept for them and from everybody else (S41)."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from dataclasses import dataclass, replace

from signward_server.config import Endpoint
from signward_server.config.schema import Listen
from signward_server.core.startup import AddressInUse

__all__ = ["Ports", "reserve"]


@dataclass(frozen=True, slots=True)
class Ports:
    """Addresses with the ports that are really taken; ``None`` for what is off."""

    tcp: Endpoint | None
    api_keys: Endpoint | None


def reserve(listen: Listen, held: ExitStack) -> Ports:
    """Take the ports, so that workers of this user can share them and nobody has them else.

    Args:
        listen: The configuration.
        held: Takes what gives the ports back.

    Raises:
        AddressInUse: One is taken, or not ours to take.
    """
    return Ports(
        tcp=listen.tcp and _reserved(listen.tcp, "listen.tcp", held),
        api_keys=listen.api_keys and _reserved(listen.api_keys, "listen.api_keys", held),
    )


def _reserved(endpoint: Endpoint, key: str, held: ExitStack) -> Endpoint:
    """Bind a socket that never listens.

    It is bound as one that shares with nobody, which the kernel refuses while anybody else has
    the port, in whatever way. Only then it is opened to those that want to share: sockets of
    this user that say so too (socket(7), SO_REUSEPORT). Others go on being refused.
    """
    family = socket.AF_INET6 if ":" in endpoint.address else socket.AF_INET
    holder = held.enter_context(socket.socket(family, socket.SOCK_STREAM))
    try:
        # Past connections that linger are no listeners; a living one refuses all the same.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((endpoint.address, endpoint.port))
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    except OSError as exc:
        raise AddressInUse(
            f"{key}: {endpoint} cannot be bound ({os.strerror(exc.errno or 0)})",
            f"stop what listens there, or set {key} to another port",
        ) from exc
    return replace(endpoint, port=int(holder.getsockname()[1]))
