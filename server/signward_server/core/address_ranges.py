"""IP addresses of callers, and the networks that an API key may be used from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

__all__ = ["Address", "Network", "address_in", "is_within", "networks_of"]

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_is_cidr = re.compile(r"[0-9A-Fa-f.:]+/(?:0|[1-9][0-9]{0,2})").fullmatch


def address_in(text: str) -> Address | None:
    """Return the address that a text is, ``None`` if it is none.

    A socket for both versions of IP names a peer of IPv4 ``::ffff:192.0.2.1`` (RFC 4291,
    section 2.5.5.2): that is the address of IPv4. The zone of a link-local one (``%eth0``) is
    the machine's own matter and left out.
    """
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def networks_of(ranges: Iterable[str]) -> tuple[Network, ...]:
    """Return networks of their CIDR forms (``10.1.0.0/16``, ``2001:db8::/32``).

    Raises:
        ValueError: One is none: the length of its prefix is missing or written as a mask, or
            bits beyond it are set, so that it is not plain which network is meant; or it is
            a network of IPv4 written as IPv6, which no peer is ever in.
    """
    return tuple(map(_network, ranges))


def is_within(address: str, networks: Iterable[Network]) -> bool:
    """Return whether an IP address lies in any of the networks; what is none lies nowhere."""
    parsed = address_in(address)
    return parsed is not None and any(parsed in network for network in networks)


def _network(text: str) -> Network:
    if not _is_cidr(text):
        raise ValueError("not a network")
    network = ip_network(text, strict=True)
    first = network.network_address
    if isinstance(first, IPv6Address) and first.ipv4_mapped is not None:
        raise ValueError("not a network that a peer can be in")
    return network
