"""``/livez`` and ``/readyz``: one bit, whatever comes in (S39)."""

import contextlib
import errno
import http.client
import socket
import struct
import threading
import time
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from signward_server.telemetry.probes import ProbeServer


class Bits:
    """What the checks answer; an exception is raised."""

    def __init__(self) -> None:
        self.live: object = True
        self.ready: object = True

    def check(self, name: str):
        def answer() -> bool:
            value = getattr(self, name)
            if isinstance(value, Exception):
                raise value
            return value

        return answer


@pytest.fixture
def bits() -> Bits:
    return Bits()


@pytest.fixture(params=["127.0.0.1", "::1"])
def where(request, bits):
    server = ProbeServer(request.param, 0, live=bits.check("live"), ready=bits.check("ready"))
    try:
        port = server.start()
    except OSError:  # a machine without IPv6
        server.stop()
        request.param = "127.0.0.1"
        server = ProbeServer("127.0.0.1", 0, live=bits.check("live"), ready=bits.check("ready"))
        port = server.start()
    yield request.param, port
    server.stop()


@pytest.fixture
def probes(bits):
    server = ProbeServer("127.0.0.1", 0, live=bits.check("live"), ready=bits.check("ready"))
    yield "127.0.0.1", server.start()
    server.stop()


def request(where, method: str, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(*where, timeout=5)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def exchange(where, data: bytes, *, shut: bool = True) -> bytes:
    with socket.create_connection(where, timeout=5) as connection:
        try:
            connection.sendall(data)
            if shut:
                connection.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
        except ConnectionError:  # it closes on what it has read enough of
            return b""
        return answer


@pytest.mark.parametrize(("path", "bit"), [("/livez", "live"), ("/readyz", "ready")])
def test_s39_each_path_is_one_bit(where, bits, path, bit):
    assert request(where, "GET", path) == (200, b"ok\n")
    assert request(where, "GET", f"{path}?verbose=1") == (200, b"ok\n")
    assert request(where, "HEAD", path) == (200, b"")
    setattr(bits, bit, False)
    assert request(where, "GET", path) == (503, b"no\n")
    assert request(where, "HEAD", path) == (503, b"")
    setattr(bits, bit, RuntimeError("secret"))
    assert request(where, "GET", path) == (503, b"no\n")
    setattr(bits, bit, True)
    assert request(where, "GET", path) == (200, b"ok\n")


@pytest.mark.parametrize(
    "path", ["/", "/metrics", "/livez/", "/LIVEZ", "//livez", "/../livez", "*"]
)
def test_s39_there_is_nothing_else(probes, path):
    assert request(probes, "GET", path) == (404, b"not found\n")
    assert request(probes, "POST", path)[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"])
def test_only_get_and_head(probes, method):
    connection = http.client.HTTPConnection(*probes, timeout=5)
    connection.request(method, "/livez")
    response = connection.getresponse()
    assert response.status == 405
    assert response.headers["Allow"] == "GET, HEAD"
    assert response.headers["Connection"] == "close"
    connection.close()


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\r\n\r\n",
        b"\n\n",
        b"GET\r\n\r\n",
        b"GET /livez\r\n\r\n",
        b"GET /livez HTTP/2.0\r\n\r\n",
        b"GET  /livez HTTP/1.1\r\n\r\n",
        b"GET /livez HTTP/1.1 x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100,
        b"GET /livez HTTP/1.1\r\nHost: x",
    ],
)
def test_garbage_is_a_bad_request(probes, garbage):
    answer = exchange(probes, garbage)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert answer.endswith(b"\r\n\r\nbad request\n")
    assert request(probes, "GET", "/livez") == (200, b"ok\n")


def test_a_head_without_end_is_cut_off_at_its_limit(probes):
    begin = b"GET /livez HTTP/1.1\r\nX: "
    answer = exchange(probes, begin + b"x" * (4096 - len(begin)), shut=False)
    assert answer.startswith(b"HTTP/1.1 400 ")
    exchange(probes, b"x" * 100_000, shut=False)
    assert request(probes, "GET", "/livez") == (200, b"ok\n")


def test_a_connection_that_is_reset_is_forgotten(probes):
    for _ in range(40):
        connection = socket.create_connection(probes, timeout=5)
        connection.sendall(b"GET /li")
        now = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
        connection.close()
    assert request(probes, "GET", "/livez") == (200, b"ok\n")


def test_a_connection_that_cannot_be_accepted_is_skipped(bits):
    class Exhausted:
        def accept(self):
            raise OSError(errno.EMFILE, "no descriptor left")

    server = ProbeServer("127.0.0.1", 0, live=bits.check("live"), ready=bits.check("ready"))
    server._accept(Exhausted())
    assert server._peers == {}
    server.stop()


def test_a_request_in_pieces_is_answered(probes):
    with socket.create_connection(probes, timeout=5) as connection:
        for piece in (b"GET /li", b"vez HTTP/1.1\r", b"\nHost: x\r\n\r", b"\n"):
            connection.sendall(piece)
            time.sleep(0.02)
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n")


def test_silent_connections_neither_block_nor_stay(probes):
    with ExitStack() as open_ones:

        def silent() -> socket.socket:
            return open_ones.enter_context(socket.create_connection(probes, timeout=10))

        held = [silent() for _ in range(40)]
        assert request(probes, "GET", "/readyz") == (200, b"ok\n")
        # The newer ones needed the place of the oldest; the newest has its time.
        held[0].setblocking(False)
        assert held[0].recv(1) == b""
        held[-1].setblocking(False)
        with pytest.raises(BlockingIOError):
            held[-1].recv(1)
        held[-1].settimeout(10)
        assert held[-1].recv(1) == b""


def test_one_thread_serves_them_all(probes):
    before = set(threading.enumerate())
    held = [socket.create_connection(probes, timeout=5) for _ in range(20)]
    assert request(probes, "GET", "/livez")[0] == 200
    assert set(threading.enumerate()) <= before
    for connection in held:
        connection.close()


@given(st.binary(max_size=200))
@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_arbitrary_bytes_get_an_answer_and_harm_nobody(probes, data):
    answer = exchange(probes, data)
    assert answer == b"" or answer.split(b" ")[1] in (b"200", b"400", b"404", b"405", b"503")
    assert request(probes, "GET", "/livez") == (200, b"ok\n")


def test_stopping_ends_thread_and_connections(bits):
    server = ProbeServer("127.0.0.1", 0, live=bits.check("live"), ready=bits.check("ready"))
    before = set(threading.enumerate())
    port = server.start()
    held = socket.create_connection(("127.0.0.1", port), timeout=5)
    assert request(("127.0.0.1", port), "GET", "/livez")[0] == 200
    started = time.monotonic()
    server.stop()
    assert time.monotonic() - started < 1.5, "it waited for a peer's deadline"
    assert held.recv(1) == b""
    held.close()
    assert set(threading.enumerate()) <= before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_one_that_never_started_stops(bits):
    ProbeServer("127.0.0.1", 0, live=bits.check("live"), ready=bits.check("ready")).stop()


def test_a_port_in_use_is_an_error(probes, bits):
    server = ProbeServer(*probes, live=bits.check("live"), ready=bits.check("ready"))
    with pytest.raises(OSError, match="in use"):
        server.start()
    server.stop()


@pytest.fixture
def page():
    return [b"signward_x_total 1.0\n"]


@pytest.fixture
def metrics(bits, page):
    def render() -> bytes:
        if isinstance(page[0], Exception):
            raise page[0]
        return page[0]

    live, ready = bits.check("live"), bits.check("ready")
    server = ProbeServer("127.0.0.1", 0, live=live, ready=ready, metrics=render)
    yield "127.0.0.1", server.start()
    server.stop()


def test_the_metrics_are_a_page_for_prometheus(metrics, page):
    connection = http.client.HTTPConnection(*metrics, timeout=5)
    connection.request("GET", "/metrics")
    response = connection.getresponse()
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert response.read() == page[0]
    connection.close()
    assert request(metrics, "HEAD", "/metrics") == (200, b"")
    assert request(metrics, "POST", "/metrics")[0] == 405
    assert request(metrics, "GET", "/livez") == (200, b"ok\n")
    assert request(metrics, "GET", "/metrics/x")[0] == 404


def test_metrics_that_cannot_be_shown_harm_nobody(metrics, page):
    page[0] = RuntimeError("secret")
    assert request(metrics, "GET", "/metrics") == (503, b"no\n")
    assert request(metrics, "GET", "/readyz") == (200, b"ok\n")


def test_a_large_page_goes_out_in_pieces_while_others_are_answered(metrics, page):
    page[0] = b"x" * 20_000_000
    with socket.create_connection(metrics, timeout=10) as slow:
        slow.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert request(metrics, "GET", "/livez") == (200, b"ok\n")
        size = 0
        while chunk := slow.recv(2**20):
            size += len(chunk)
    assert size > len(page[0])


def test_one_who_reads_nothing_is_cut_off(metrics, page):
    page[0] = b"x" * 20_000_000
    with socket.create_connection(metrics, timeout=10) as silent:
        silent.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(2.8)
        assert request(metrics, "GET", "/livez") == (200, b"ok\n")
        size = 0
        with contextlib.suppress(ConnectionError):
            while chunk := silent.recv(2**20):
                size += len(chunk)
    assert size < len(page[0])
