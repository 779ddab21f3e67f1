"""Networks that an API key may be used from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

__all__ = ["Network", "is_within", "networks_of"]

Network = IPv4Network | IPv6Network

_is_cidr = re.compile(r"[0-9A-Fa-f.:]+/(?:0|[1-9][0-9]{0,2})").fullmatch


def networks_of(ranges: Iterable[str]) -> tuple[Network, ...]:
    """Return networks of their CIDR forms (``10.1.0.0/16``, ``2001:db8::/32``).

    Raises:
        ValueError: One is none: the length of its prefix is missing or written as a mask, or
            bits beyond it are set, so that it is not plain which network is meant; or it is
            a network of IPv4 written as IPv6, which no peer is ever in.
    """
    return tuple(map(_network, ranges))


def is_within(address: str, networks: Iterable[Network]) -> bool:
    """Return whether an IP address lies in any of the networks.

    A socket for both versions of IP names a peer of IPv4 ``::ffff:192.0.2.1``: that is the
    address of IPv4. What is no address lies nowhere.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in networks)


def _network(text: str) -> Network:
    if not _is_cidr(text):
        raise ValueError("not a network")
    network = ip_network(text, strict=True)
    first = network.network_address
    if isinstance(first, IPv6Address) and first.ipv4_mapped is not None:
        raise ValueError("not a network that a peer can be in")
    return network
