"""Sockets that speak no TLS, or nothing at all, beside a client that goes on signing (S42)."""

from __future__ import annotations

import os
import random
import resource
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import pytest
from signward import Client

from tests.running.homes import Home
from tests.running.keys import create, sign_request
from tests.running.process import Daemon
from tests.running.waiting import eventually

pytestmark = pytest.mark.integration

HANDSHAKE: Final = ("--set", "limits.handshake_timeout=2s")
UNCAPPED: Final = ("--set", "limits.connections_per_address=0")
IDLE: Final = 300
IDLE_SOAK: Final = 1000
WAIT: Final = 20.0


@pytest.fixture(scope="module")
def daemon(new_home: Callable[[], Home]) -> Iterator[Daemon]:
    with Daemon(new_home(), *HANDSHAKE, *UNCAPPED) as running:
        with running.client() as client:
            create(client, "k")
        yield running


@pytest.fixture
def client(daemon: Daemon) -> Iterator[Client]:
    with daemon.client() as client:
        client.sign(sign_request("k"))
        yield client


@contextmanager
def connected(daemon: Daemon, number: int = 1) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(("127.0.0.1", daemon.port), WAIT))
            for _ in range(number)
        ]


def is_closed(peer: socket.socket) -> bool:
    """Read until the daemon closes; false if it does not within the socket's timeout."""
    try:
        while peer.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:  # reset
        return True
    return True


def client_hello() -> bytes:
    """Return the first flight of a TLS client."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    handshake = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        handshake.do_handshake()
    return outgoing.read()


def bots_context(daemon: Daemon) -> ssl.SSLContext:
    clients = daemon.home.path / "clients"
    context = ssl.create_default_context(cafile=clients / "ca.crt")
    context.load_cert_chain(clients / "bot.crt", clients / "bot.key")
    context.set_alpn_protocols(["h2"])
    return context


def send(peer: socket.socket, data: bytes) -> None:
    try:
        peer.sendall(data)
    except OSError:  # the daemon has hung up already: that is what is asked of it
        return


GARBAGE: dict[str, Callable[[], bytes]] = {
    "plain HTTP": lambda: b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "plain HTTP/2": lambda: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
    "a mebibyte of chance": lambda: random.Random(7).randbytes(2**20),  # noqa: S311
    "zeros": lambda: bytes(4096),
    "a record that is too long": lambda: b"\x16\x03\x01\xff\xff" + bytes(2**16),
    "a hello that breaks off": lambda: client_hello()[:100],
    "a hello and no more": client_hello,
    "a hello and garbage": lambda: client_hello() + os.urandom(4096),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_hung_up_on(daemon: Daemon, client: Client, name: str) -> None:
    with connected(daemon) as (peer,):
        send(peer, GARBAGE[name]())
        client.sign(sign_request("k"))
        assert is_closed(peer)
    client.sign(sign_request("k"))


def test_a_peer_that_closes_its_half_is_hung_up_on(daemon: Daemon, client: Client) -> None:
    for data in (b"", client_hello()):
        with connected(daemon) as (peer,):
            send(peer, data)
            peer.shutdown(socket.SHUT_WR)
            assert is_closed(peer)
    client.sign(sign_request("k"))


def test_s42_silent_sockets_are_hung_up_on(daemon: Daemon, client: Client) -> None:
    with connected(daemon, 50) as peers:
        client.sign(sign_request("k"))
        assert all(is_closed(peer) for peer in peers)


def test_s42_garbage_after_the_handshake_is_hung_up_on(daemon: Daemon, client: Client) -> None:
    with (
        connected(daemon) as (plain,),
        bots_context(daemon).wrap_socket(plain, server_hostname="localhost") as peer,
    ):
        send(peer, b"GET / HTTP/1.1\r\n\r\n" + bytes(4096))
        assert is_closed(peer)
    client.sign(sign_request("k"))


def test_s42_tls_older_than_1_2_is_refused(daemon: Daemon) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(daemon.home.path / "clients" / "ca.crt")
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with connected(daemon) as (plain,), pytest.raises((ssl.SSLError, OSError)):
        context.wrap_socket(plain, server_hostname="localhost")


def test_s42_established_connections_that_stay_idle_are_closed(
    new_home: Callable[[], Home],
) -> None:
    patient = ("--set", "limits.handshake_timeout=30s")  # longer than anybody waits here
    with Daemon(new_home(), "--set", "limits.connection_idle=1s", *patient) as daemon:
        context = bots_context(daemon)
        with connected(daemon, 20) as plain, daemon.client() as client, ExitStack() as stack:
            peers = [
                stack.enter_context(context.wrap_socket(peer, server_hostname="localhost"))
                for peer in plain
            ]
            create(client, "k")
            client.sign(sign_request("k"))
            assert all(is_closed(peer) for peer in peers)
            client.sign(sign_request("k"))


def many_idle(daemon: Daemon, client: Client, number: int) -> None:
    """Sign while connections wait in their handshake, and after they are gone."""
    before = descriptors(daemon)
    hello = client_hello()
    with connected(daemon, number) as peers:
        for peer in peers[::2]:
            send(peer, hello)
        for _ in range(50):
            client.sign(sign_request("k"))
        assert all(is_closed(peer) for peer in peers)
    client.sign(sign_request("k"))
    assert eventually(lambda: descriptors(daemon) <= before + 5)


def descriptors(daemon: Daemon) -> int:
    return sum(1 for _ in Path(f"/proc/{daemon.pid}/fd").iterdir())


def test_idle_connections_do_not_keep_a_good_client_from_signing(
    daemon: Daemon, client: Client
) -> None:
    many_idle(daemon, client, IDLE)


@pytest.mark.soak
def test_a_thousand_idle_connections_soak(daemon: Daemon, client: Client) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    try:
        many_idle(daemon, client, IDLE_SOAK)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
