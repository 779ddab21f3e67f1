"""Where the daemon may listen: anywhere, as long as it is plain where that is."""

from pathlib import Path

import pytest
from signward_server.config import ConfigurationError, Endpoint, load
from signward_server.config.addresses import system_resolve

HOSTS = {
    "localhost": ["::1", "127.0.0.1"],
    "six": ["::1"],
    "mixed": ["127.0.0.1", "192.0.2.7"],
    "many": ["192.0.2.7", "2001:db8::7"],
    "public": ["192.0.2.7"],
    "every": ["0.0.0.0"],  # noqa: S104
    "unknown": [],
}


def resolve(host: str) -> list[str]:
    return HOSTS[host]


def listening(**keys: str):
    flags = [f"listen.{key}={value}" for key, value in keys.items()]
    return load(None, environment={}, flags=flags, resolve=resolve).listen


def refusal(**keys: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        listening(**keys)
    (problem,) = caught.value.problems
    return f"{problem.key} {problem.text}"


@pytest.mark.parametrize(
    ("written", "endpoint", "bound"),
    [
        ("127.0.0.1:7443", Endpoint("127.0.0.1", "127.0.0.1", 7443), "127.0.0.1:7443"),
        ("127.8.8.8:1", Endpoint("127.8.8.8", "127.8.8.8", 1), "127.8.8.8:1"),
        ("[::1]:0", Endpoint("::1", "::1", 0), "[::1]:0"),
        ("localhost:65535", Endpoint("localhost", "127.0.0.1", 65535), "127.0.0.1:65535"),
        ("six:80", Endpoint("six", "::1", 80), "[::1]:80"),
    ],
)
def test_loopback_is_taken_and_names_are_resolved_once(written, endpoint, bound):
    tcp = listening(tcp=written).tcp
    assert tcp == endpoint
    assert str(tcp) == bound
    assert tcp.written == written
    assert tcp.is_loopback


@pytest.mark.parametrize("key", ["tcp", "api_keys", "http"])
@pytest.mark.parametrize(
    ("written", "bound"),
    [
        ("0.0.0.0:7443", "0.0.0.0:7443"),
        ("[::]:1", "[::]:1"),
        ("192.0.2.7:7443", "192.0.2.7:7443"),
        ("[2001:db8::7]:0", "[2001:db8::7]:0"),
        ("[fe80::1]:7443", "[fe80::1]:7443"),
        ("[::ffff:10.0.0.1]:1", "[::ffff:10.0.0.1]:1"),
        ("public:7443", "192.0.2.7:7443"),
    ],
)
def test_what_other_machines_reach_is_taken_and_known_as_that(key, written, bound):
    endpoint = getattr(listening(**{"tcp": "", "http": "", "unix": "/run/s", key: written}), key)
    assert str(endpoint) == bound
    assert endpoint.written == written
    assert not endpoint.is_loopback


@pytest.mark.parametrize("key", ["tcp", "api_keys", "http"])
@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("mixed:7443", "is a host name of several addresses"),
        ("many:7443", "is a host name of several addresses"),
        ("unknown:7443", "is a host name that does not resolve"),
        ("every:7443", "is a host name for every address"),
        ("224.0.0.1:7443", "is an address of many machines"),
        ("[ff02::1]:7443", "is an address of many machines"),
        ("bücher:7443", "is not a host name"),
        ("a" * 254 + ":7443", "is not a host name"),
    ],
)
def test_what_stands_for_no_one_address_is_refused(key, written, why):
    assert refusal(**{key: written}) == f"listen.{key} {why}"


@pytest.mark.parametrize(
    "written",
    ["7443", ":7443", "localhost", "localhost:", "localhost:x", "localhost:65536", "localhost:-1",
     "::1:7443", "localhost:٣", "localhost:000000001", "[]:1"],
)  # fmt: skip
def test_what_is_no_host_and_port_is_refused(written):
    assert refusal(tcp=f"'{written}'") == "listen.tcp is not HOST:PORT"


def test_an_address_that_is_no_text_is_refused():
    assert refusal(tcp="7443") == "listen.tcp is not text"


def test_an_empty_address_turns_a_listener_off():
    listen = listening(tcp="", http="", unix="/run/s")
    assert listen.tcp is None
    assert listen.http is None
    assert listen.unix == Path("/run/s")


def test_somewhere_it_must_listen():
    assert refusal(tcp="", unix="") == "listen.tcp is off, and so is listen.unix"


@pytest.mark.parametrize("same", ["127.0.0.1:7443", "localhost:7443"])
@pytest.mark.parametrize("key", ["api_keys", "http"])
def test_no_two_listeners_share_an_address(key, same):
    assert refusal(**{key: same}) == f"listen.{key} is the address of another listener"


def test_ports_that_the_system_chooses_are_never_the_same():
    listen = listening(tcp="127.0.0.1:0", api_keys="127.0.0.1:0", http="127.0.0.1:0")
    assert {listen.tcp.port, listen.api_keys.port, listen.http.port} == {0}


def test_a_socket_path_has_room_in_the_kernel():
    fits = "/" + "s" * 106
    assert listening(unix=fits).unix == Path(fits)
    assert refusal(unix=fits + "s") == "listen.unix is too long for a Unix socket"


@pytest.mark.parametrize("written", ['"a\\u0000b"', "17", "[]"])
def test_a_path_is_text_without_nul(written):
    assert refusal(unix=written) == "listen.unix is not a path"


def test_the_system_resolves_without_raising():
    assert set(system_resolve("localhost")) <= {"127.0.0.1", "::1"}
    assert system_resolve("..") == []
