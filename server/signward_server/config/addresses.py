"""Where the daemon listens: IP addresses, names that the system resolves to one, Unix sockets."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, LiteralString

from pydantic import BeforeValidator, PlainSerializer, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

__all__ = [
    "Endpoint",
    "FilePath",
    "OptionalEndpoint",
    "OptionalFilePath",
    "Resolve",
    "SocketPath",
    "system_resolve",
]

_LARGEST_PORT = 65535
_LONGEST_SOCKET = 107  # sockaddr_un.sun_path without its closing NUL, unix(7)
_LONGEST_HOST = 253  # RFC 1035, section 2.3.4
_ADDRESS_FIX = "use an IP address, such as 127.0.0.1 or 0.0.0.0, or localhost"

Resolve = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A TCP address to listen on.

    Attributes:
        host: As configured.
        address: The IP address that it stands for; what is bound.
        port: 0 lets the system choose.
    """

    host: str
    address: str
    port: int

    def __str__(self) -> str:
        return self.at(self.port)

    @property
    def is_loopback(self) -> bool:
        """Whether other machines cannot reach it."""
        return _is_loopback(self.address)

    @property
    def written(self) -> str:
        """The form that the configuration has it in."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def at(self, port: int) -> str:
        """Return ``address:port`` as gRPC and URLs write it, IPv6 in brackets."""
        return f"[{self.address}]:{port}" if ":" in self.address else f"{self.address}:{port}"


def system_resolve(host: str) -> list[str]:
    """Return the IP addresses of a host name as the system sees them; empty if unknown."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _refused(text: LiteralString, fix: str) -> PydanticCustomError:
    return PydanticCustomError("address", text, {"fix": fix})


def _split(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        colon = ""  # an IPv6 address without brackets
    digits = port.isascii() and port.isdigit() and len(port) <= len(str(_LARGEST_PORT))
    if not (host and colon and digits and int(port) <= _LARGEST_PORT):
        raise _refused("is not HOST:PORT", 'write it like "127.0.0.1:7443" or "[::1]:7443"')
    return host, int(port)


def _endpoint(value: object, info: ValidationInfo) -> Endpoint | None:
    """Return the endpoint of ``HOST:PORT``, ``None`` for the empty string."""
    if value is None or isinstance(value, Endpoint):
        return value
    if not isinstance(value, str):
        raise _refused("is not text", 'write it like "127.0.0.1:7443", in quotes')
    if not value:
        return None
    host, port = _split(value)
    return Endpoint(host=host, address=_address(host, info), port=port)


def _address(host: str, info: ValidationInfo) -> str:
    """Return the address of a host: a name must stand for one machine's, and plainly.

    A name that means several addresses, other than those of loopback, would leave open which
    of them is bound.
    """
    if _is_address(host):
        if ipaddress.ip_address(host).is_multicast:
            raise _refused("is an address of many machines", _ADDRESS_FIX)
        return host
    if len(host) > _LONGEST_HOST or not host.isascii() or not host.isprintable():
        raise _refused("is not a host name", _ADDRESS_FIX)
    resolve: Resolve = (info.context or {}).get("resolve", system_resolve)
    addresses = resolve(host)
    if not addresses:
        raise _refused("is a host name that does not resolve", _ADDRESS_FIX)
    if len(addresses) > 1 and not all(_is_loopback(address) for address in addresses):
        raise _refused("is a host name of several addresses", "name the one to listen on")
    if any(ipaddress.ip_address(address).is_unspecified for address in addresses):
        raise _refused("is a host name for every address", "write 0.0.0.0 or [::] to mean that")
    return min(addresses, key=lambda address: ":" in address)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(address: str) -> bool:
    return _is_address(address) and ipaddress.ip_address(address).is_loopback


def _path(value: object, info: ValidationInfo) -> Path:
    """Return an absolute path; a relative one starts at the configuration file's folder."""
    if isinstance(value, Path):
        value = str(value)
    if not isinstance(value, str) or not _is_path(value):
        raise PydanticCustomError("path", "is not a path", {"fix": "write it as text, in quotes"})
    base: Path = (info.context or {}).get("base", Path.cwd())
    return base / value


def _is_path(text: str) -> bool:
    try:
        return bool(text) and b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def _optional_path(value: object, info: ValidationInfo) -> Path | None:
    return None if value is None or value == "" else _path(value, info)


def _socket_path(value: object, info: ValidationInfo) -> Path | None:
    path = _optional_path(value, info)
    if path is not None and len(os.fsencode(path)) > _LONGEST_SOCKET:
        raise PydanticCustomError(
            "path",
            "is too long for a Unix socket",
            {"fix": f"choose a path of at most {_LONGEST_SOCKET} bytes, such as one in /run"},
        )
    return path


_TEXT_OR_OFF = {"type": "string"}

OptionalEndpoint = Annotated[
    Endpoint | None,
    BeforeValidator(_endpoint),
    PlainSerializer(lambda value: "" if value is None else str(value), return_type=str),
    WithJsonSchema(_TEXT_OR_OFF),
]
FilePath = Annotated[
    Path,
    BeforeValidator(_path),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string"}),
]
OptionalFilePath = Annotated[
    Path | None,
    BeforeValidator(_optional_path),
    PlainSerializer(lambda value: "" if value is None else str(value), return_type=str),
    WithJsonSchema(_TEXT_OR_OFF),
]
SocketPath = Annotated[
    Path | None,
    BeforeValidator(_socket_path),
    PlainSerializer(lambda value: "" if value is None else str(value), return_type=str),
    WithJsonSchema(_TEXT_OR_OFF),
]
