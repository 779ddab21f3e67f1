from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.address_ranges import address_in, is_within, networks_of


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("10.1.0.0/16", ["10.1.0.0", "10.1.255.255", "::ffff:10.1.2.3"], ["10.2.0.0", "::1", ""]),
        ("192.0.2.7/32", ["192.0.2.7"], ["192.0.2.6", "192.0.2.8"]),
        ("0.0.0.0/0", ["8.8.8.8", "::ffff:8.8.8.8"], ["2001:db8::1", "", "unix:"]),
        ("2001:db8::/32", ["2001:db8::1", "2001:db8:ffff::"], ["2001:db9::1", "10.0.0.1"]),
        ("2001:DB8:0::/48", ["2001:db8::7"], ["2001:db8:1::7"]),
        ("::/0", ["::1", "2001:db8::1"], ["10.0.0.1", "::ffff:10.0.0.1", ""]),
    ],
)
def test_s03_an_address_is_inside_or_outside(
    text: str, inside: list[str], outside: list[str]
) -> None:
    networks = networks_of([text])
    assert [is_within(address, networks) for address in inside] == [True] * len(inside)
    assert [is_within(address, networks) for address in outside] == [False] * len(outside)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("", "None"),
        ("unix:", "None"),
        ("192.0.2.1:443", "None"),
        ("%", "None"),
    ],
)
def test_an_address_has_one_form(text: str, address: str) -> None:
    assert str(address_in(text)) == address


def test_any_of_several_networks_will_do_and_none_lets_nobody_in() -> None:
    networks = networks_of(["10.0.0.0/8", "2001:db8::/32"])
    assert is_within("10.1.1.1", networks)
    assert is_within("2001:db8::1", networks)
    assert not is_within("11.1.1.1", networks)
    assert not is_within("10.1.1.1", networks_of([]))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "10.0.0.0",
        "10.0.0.1/8",
        "10.0.0.0/08",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/255.0.0.0",
        "10.0.0.0/0.255.255.255",
        "10.0.0.0/8 ",
        " 10.0.0.0/8",
        "10.0.0.0/8\n",
        "10.0.0.0/8/8",
        "10.0.0.0/٨",
        "010.0.0.0/8",
        "10.0.0/8",
        "2001:db8::1/32",
        "2001:db8::/129",
        "fe80::%eth0/64",
        "::ffff:10.0.0.0/104",
        "::ffff:0:0/96",
        "localhost/8",
        "*/0",
    ],
)
def test_what_is_not_plainly_a_network_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        networks_of(["192.0.2.0/24", text])


@given(st.text(max_size=40) | st.text("0123456789abcdef.:/", max_size=20))
def test_any_text_is_a_network_or_a_value_error(text: str) -> None:
    try:
        (network,) = networks_of([text])
    except ValueError:
        return
    assert networks_of([str(network)]) == (network,)


@given(st.text(max_size=40), st.ip_addresses())
def test_any_text_is_inside_or_outside(text: str, address: object) -> None:
    everywhere = networks_of(["0.0.0.0/0", "::/0"])
    assert is_within(str(address), everywhere) or "ffff" in str(address)
    try:
        ipaddress.ip_address(text)
    except ValueError:
        assert not is_within(text, everywhere)
