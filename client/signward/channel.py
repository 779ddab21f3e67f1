"""One channel to a daemon, with the options that suit a signer."""

from __future__ import annotations

from collections.abc import Sequence

import grpc

from signward.bearer import BearerChannel
from signward.credentials import Credentials

__all__ = ["channel_options", "open_channel"]

_UNIX = ("unix:", "unix-abstract:")
_DEFAULTS: tuple[tuple[str, str | int], ...] = (
    # A daemon that restarts is found again in a tenth of a second, not after grpc's one second.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    # A signer is never reached through what http_proxy happens to name.
    ("grpc.enable_http_proxy", 0),
    ("grpc.service_config_disable_resolution", 1),
    # One client, one connection: no other channel of the process shares it.
    ("grpc.use_local_subchannel_pool", 1),
    # A full page of keys with all their versions is larger than grpc's 4 MiB.
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),
)


def open_channel(
    target: str,
    credentials: Credentials,
    *,
    options: Sequence[tuple[str, str | int]] = (),
) -> grpc.Channel:
    """Open a channel; the connection itself is made by the first call.

    Args:
        target: ``host:port``, ``unix:/path``, or any target that grpc resolves.
        credentials: Who both sides are; an API key goes out with every call.
        options: More channel options of grpc; they win over the defaults.

    Raises:
        ValueError: The target is empty or a URL.
    """
    merged = channel_options(target, credentials, options)
    channel = grpc.secure_channel(target, credentials.channel_credentials(), merged)
    return BearerChannel(channel, credentials.api_key) if credentials.api_key else channel


def channel_options(
    target: str, credentials: Credentials, options: Sequence[tuple[str, str | int]]
) -> list[tuple[str, str | int]]:
    """Return all options of a channel; arguments as for ``open_channel``.

    Raises:
        ValueError: The target is empty or a URL.
    """
    if not target or target.startswith(("http://", "https://")):
        raise ValueError("target must be host:port or unix:/path")
    merged = dict(_DEFAULTS)
    server_name = credentials.server_name
    if not server_name and target.startswith(_UNIX):
        server_name = "localhost"
    if server_name:
        merged["grpc.ssl_target_name_override"] = server_name
    merged.update(options)
    return list(merged.items())
