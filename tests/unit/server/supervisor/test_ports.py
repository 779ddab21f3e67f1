"""Ports that are kept for workers, and from everybody else."""

import socket
from contextlib import ExitStack

import pytest
from signward_server.config import load
from signward_server.core.startup import AddressInUse
from signward_server.supervisor.ports import reserve


def listen(*flags):
    return load(None, environment={}, flags=flags).listen


@pytest.fixture
def held():
    with ExitStack() as stack:
        yield stack


def bound(port: int, *, shares: bool, reuses: bool = False) -> socket.socket:
    other = socket.socket()
    other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, shares)
    other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuses)
    try:
        other.bind(("127.0.0.1", port))
    except OSError:
        other.close()
        raise
    return other


def test_s41_a_port_is_kept_for_those_that_share_it(held):
    ports = reserve(listen("listen.tcp=127.0.0.1:0", "listen.api_keys=127.0.0.1:0"), held)
    assert ports.tcp is not None
    assert ports.api_keys is not None
    assert ports.tcp.port != ports.api_keys.port != 0
    for reuses in (False, True):
        with pytest.raises(OSError, match="in use"):
            bound(ports.tcp.port, shares=False, reuses=reuses)
    for _ in range(2):
        worker = held.enter_context(bound(ports.tcp.port, shares=True, reuses=True))
        worker.listen()


def test_it_takes_no_connections_itself(held):
    ports = reserve(listen("listen.tcp=127.0.0.1:0"), held)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", ports.tcp.port), 5)


def test_s41_two_supervisors_do_not_keep_one_port(held):
    first = reserve(listen("listen.tcp=127.0.0.1:0"), held)
    with pytest.raises(AddressInUse, match=r"listen\.tcp: .* cannot be bound"):
        reserve(listen(f"listen.tcp={first.tcp}"), held)


@pytest.mark.parametrize("shares", [False, True])
def test_s41_a_port_that_somebody_has_is_not_taken(held, shares):
    other = held.enter_context(bound(0, shares=shares))
    where = f"127.0.0.1:{other.getsockname()[1]}"
    with pytest.raises(AddressInUse, match=f"listen.api_keys: {where}"):
        reserve(listen("listen.tcp=127.0.0.1:0", f"listen.api_keys={where}"), held)


def test_it_is_free_again_afterwards():
    with ExitStack() as held:
        port = reserve(listen("listen.tcp=[::1]:0"), held).tcp.port
    with socket.socket(socket.AF_INET6) as other:
        other.bind(("::1", port))
