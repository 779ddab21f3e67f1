"""The channel that adds an API key is a channel like any other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from signward.bearer import BearerChannel

SECRET = "the-secret"  # noqa: S105 -- of the test
BEARER = ("authorization", f"Bearer {SECRET}")


def _heard(context: grpc.ServicerContext) -> list[tuple[str, str]]:
    own = {"authorization", "x-trace"}
    return [(entry.key, entry.value) for entry in context.invocation_metadata() if entry.key in own]


class Echo:
    """One method of each kind; keeps the metadata that it heard."""

    def __init__(self) -> None:
        self.heard: list[list[tuple[str, str]]] = []

    def one_one(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        self.heard.append(_heard(context))
        return request

    def one_many(self, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        self.heard.append(_heard(context))
        yield from (request, request)

    def many_one(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        self.heard.append(_heard(context))
        return b"".join(requests)

    def many_many(
        self, requests: Iterator[bytes], context: grpc.ServicerContext
    ) -> Iterator[bytes]:
        self.heard.append(_heard(context))
        yield from requests


@pytest.fixture
def echo(authority, server_files) -> Iterator[Echo]:
    echo = Echo()
    methods = {
        "11": grpc.unary_unary_rpc_method_handler(echo.one_one),
        "1n": grpc.unary_stream_rpc_method_handler(echo.one_many),
        "n1": grpc.stream_unary_rpc_method_handler(echo.many_one),
        "nn": grpc.stream_stream_rpc_method_handler(echo.many_many),
    }
    threads = ThreadPoolExecutor(4)
    server = grpc.server(threads)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("echo", methods),))
    pair = (server_files.private_key.read_bytes(), server_files.certificate.read_bytes())
    port = server.add_secure_port("localhost:0", grpc.ssl_server_credentials([pair]))
    echo.target = f"localhost:{port}"
    server.start()
    yield echo
    server.stop(0).wait(5)
    threads.shutdown()


@pytest.fixture
def channel(authority, echo) -> Iterator[grpc.Channel]:
    credentials = grpc.ssl_channel_credentials(authority.ca.read_bytes())
    with BearerChannel(grpc.secure_channel(echo.target, credentials), SECRET) as channel:
        yield channel


def test_each_kind_of_method_carries_the_key(echo, channel):
    assert channel.unary_unary("/echo/11")(b"a", 5) == b"a"
    assert list(channel.unary_stream("/echo/1n")(b"a", 5)) == [b"a", b"a"]
    assert channel.stream_unary("/echo/n1")(iter([b"a", b"b"]), 5) == b"ab"
    assert list(channel.stream_stream("/echo/nn")(iter([b"a", b"b"]), 5)) == [b"a", b"b"]
    assert echo.heard == [[BEARER]] * 4


def test_every_way_to_call_carries_the_key(echo, channel):
    single, collected = channel.unary_unary("/echo/11"), channel.stream_unary("/echo/n1")
    assert single.with_call(b"a", timeout=5)[0] == b"a"
    assert single.future(b"a", timeout=5).result(5) == b"a"
    assert collected.with_call(iter([b"a"]), timeout=5)[0] == b"a"
    assert collected.future(iter([b"a"]), timeout=5).result(5) == b"a"
    assert echo.heard == [[BEARER]] * 4


def test_metadata_of_the_caller_and_further_options_pass(echo, channel):
    trace = ("x-trace", "1")
    method = channel.unary_unary("/echo/11")
    method(b"a", 5, metadata=(trace,), wait_for_ready=True)
    method.with_call(b"a", 5, metadata=[trace])
    list(channel.stream_stream("/echo/nn")(iter([b"a"]), 5, metadata=(trace,)))
    assert [sorted(heard) for heard in echo.heard] == [sorted([trace, BEARER])] * 3


def test_the_state_of_the_connection_can_be_watched(channel):
    ready = threading.Event()

    def watch(state: grpc.ChannelConnectivity) -> None:
        if state is grpc.ChannelConnectivity.READY:
            ready.set()

    channel.subscribe(watch, try_to_connect=True)
    assert ready.wait(10)
    channel.unsubscribe(watch)


def test_a_closed_channel_is_closed(channel):
    channel.close()
    with pytest.raises(ValueError, match="closed"):
        channel.unary_unary("/echo/11")(b"a", 5)
