"""The address of a peer, from how gRPC writes it."""

from __future__ import annotations

import ipaddress
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signward_server.rpc.peer import address_of, certificate_finder

from tests.fakes.spine.context import FakeContext


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:192.0.2.1:443", "192.0.2.1"),
        ("ipv6:%5B2001:db8::1%5D:443", "2001:db8::1"),
        ("ipv6:[2001:DB8::0:1]:443", "2001:db8::1"),
        ("ipv6:%5Bfe80::1%25eth0%5D:443", "fe80::1"),
        ("ipv6:%5B::ffff:192.0.2.1%5D:443", "192.0.2.1"),
        ("unix:", ""),
        ("unix:/run/x", ""),
        ("unix:ipv4:192.0.2.1:443", ""),
        ("", ""),
        ("ipv4:", ""),
        ("ipv4:192.0.2.1", ""),
        ("ipv4:host:443", ""),
        ("ipv4:192.0.2.1,192.0.2.2:443", ""),
    ],
)
def test_an_address_is_one_ip_address_or_nothing(peer: str, address: str) -> None:
    assert address_of(peer) == address


@given(st.ip_addresses(), st.integers(0, 65535), st.booleans())
def test_every_address_is_read_back(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int, quoted: bool
) -> None:
    host = f"[{address}]" if address.version == 6 else str(address)
    text = f"{quote(host) if quoted else host}:{port}"
    expected = getattr(address, "ipv4_mapped", None) or address
    assert address_of(f"ipv{address.version}:{text}") == str(expected)


@settings(max_examples=300)
@given(st.sampled_from(["ipv4:", "ipv6:", "unix:", "ipv6:%5B", ""]), st.text(max_size=40))
def test_whatever_is_written_it_is_an_address_or_nothing(family: str, rest: str) -> None:
    found = address_of(family + rest)
    assert found == "" or str(ipaddress.ip_address(found)) == found


@pytest.mark.parametrize("pems", [(), (b"leaf",), (b"leaf", b"what the peer sent besides")])
def test_the_certificate_is_the_leaf(pems: tuple[bytes, ...]) -> None:
    context = FakeContext(pems=pems)
    assert certificate_finder()(context) == (pems[0] if pems else None)  # type: ignore[arg-type]
