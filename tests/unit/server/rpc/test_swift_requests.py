"""A request that the serving thread has looked at is parsed once, and for its own call only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.message_factory import GetMessageClass
from signward.v1 import hyperliquid_pb2 as hl
from signward.v1 import sign_service_pb2 as pb
from signward_server.chains.hyperliquid.kinds import KINDS
from signward_server.core.errors import FieldInvalid, PayloadMalformed
from signward_server.core.keys import Algorithm, Purpose
from signward_server.rpc import parsing
from signward_server.rpc.routes import Swift

from tests.fakes.spine.rpc import grpc_call, routes
from tests.fakes.spine.world import World

UNKNOWN = b"\xf8\x7f\x01"
Sign = Callable[[bytes], pb.SignResponse]


@pytest.fixture
def world() -> World:
    world = World()
    world.key()
    world.custody.unlocked = True
    return world


@pytest.fixture
def parts(world: World) -> tuple[Swift, Sign]:
    """What looks at a request on the serving thread, and what answers it, of one service."""
    route = routes(world)["Sign"]
    swift, unary = route.swift, route.unary
    assert swift is not None
    assert unary is not None
    return swift, lambda data: pb.SignResponse.FromString(unary(data, grpc_call(world)))


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What is parsed after the look at it, as it happens."""
    found: list[bytes] = []
    real_read, real_look = parsing.read, parsing.LastRead.look

    def read(kind: type[Any], data: bytes) -> Any:
        found.append(data)
        return real_read(kind, data)

    def look(self: parsing.LastRead[Any], data: bytes) -> Any:
        try:
            return real_look(self, data)
        finally:
            found.pop()

    monkeypatch.setattr(parsing, "read", read)
    monkeypatch.setattr(parsing.LastRead, "look", look)
    return found


def _request(message: bytes = b"hello", **fields: str) -> bytes:
    raw = pb.RawMessage(message=message)
    return pb.SignRequest(key="bot-key", raw=raw, **fields).SerializeToString()


def _signed(world: World) -> list[bytes]:
    return [message for message, _ in world.custody.asked]


def test_a_request_that_was_looked_at_is_not_parsed_again(
    parts: tuple[Swift, Sign], parsed: list[bytes]
) -> None:
    swift, sign = parts
    data = _request()
    assert swift(data)
    assert sign(data).version == 1
    assert parsed == []


def test_what_was_looked_at_serves_one_call(
    parts: tuple[Swift, Sign], parsed: list[bytes], world: World
) -> None:
    swift, sign = parts
    data = _request()
    assert swift(data)
    assert [sign(data).audit_sequence for _ in range(2)] == [1, 2]
    assert parsed == [data]
    assert len(world.custody.asked) == 2


def test_a_request_that_nobody_looked_at_is_parsed(
    parts: tuple[Swift, Sign], parsed: list[bytes]
) -> None:
    _, sign = parts
    data = _request()
    assert sign(data).version == 1
    assert parsed == [data]


def test_another_calls_request_is_parsed_anew(
    parts: tuple[Swift, Sign], parsed: list[bytes], world: World
) -> None:
    swift, sign = parts
    mine, other, same = _request(b"mine"), _request(b"other"), bytes(bytearray(_request(b"mine")))
    assert swift(mine)
    sign(other)
    sign(same)  # equal, and yet of another call
    assert parsed == [other, same]
    sign(mine)
    assert parsed == [other, same]
    assert _signed(world) == [b"other", b"mine", b"mine"]


def test_the_last_look_counts(parts: tuple[Swift, Sign], parsed: list[bytes], world: World) -> None:
    swift, sign = parts
    first, last = _request(b"first"), _request(b"last")
    assert swift(first)
    assert swift(last)
    sign(first)
    sign(last)
    assert parsed == [first]
    assert _signed(world) == [b"first", b"last"]


NESTED = pb.SignRequest(key="bot-key").SerializeToString() + b"".join(
    (
        bytes([pb.SignRequest.RAW_FIELD_NUMBER << 3 | 2, 7 + len(UNKNOWN)]),
        pb.RawMessage(message=b"hello").SerializeToString(),
        UNKNOWN,
    )
)


@pytest.mark.parametrize("data", [_request() + UNKNOWN, NESTED], ids=["outside", "inside"])
def test_promise_5_unknown_fields_are_refused_after_a_look_as_without_one(
    parts: tuple[Swift, Sign], parsed: list[bytes], world: World, data: bytes
) -> None:
    swift, sign = parts
    assert swift(data)
    for _ in range(2):  # with the look, and without
        with pytest.raises(FieldInvalid) as refused:
            sign(data)
        (violation,) = refused.value.violations
        assert "does not know" in violation.description
    assert parsed == [data]
    assert world.custody.asked == []


@pytest.mark.parametrize("bad", [b"\xff", _request()[:-1]])
def test_what_cannot_be_parsed_does_not_become_the_request_before_it(
    parts: tuple[Swift, Sign], world: World, bad: bytes
) -> None:
    swift, sign = parts
    assert swift(_request())
    assert not swift(bad)
    with pytest.raises(PayloadMalformed):
        sign(bad)
    assert world.custody.asked == []


def test_a_long_request_waits_for_a_thread(
    parts: tuple[Swift, Sign], parsed: list[bytes], world: World
) -> None:
    swift, sign = parts
    data = _request(bytes(4096))
    assert not swift(data)
    sign(data)
    assert parsed == [data]
    assert _signed(world) == [bytes(4096)]


def test_a_request_with_an_id_is_not_swift_and_is_parsed_once(
    parts: tuple[Swift, Sign], parsed: list[bytes]
) -> None:
    swift, sign = parts
    data = _request(request_id="r-1")
    assert not swift(data)
    assert sign(data).version == 1
    assert parsed == []


def test_what_may_wait_for_the_store_is_not_swift(world: World, parts: tuple[Swift, Sign]) -> None:
    """The serving thread answers for everybody: it asks for no approval, and remembers no agent."""
    world.key(
        "desk", algorithm=Algorithm.ECDSA_SECP256K1, purpose=Purpose.HYPERLIQUID, network="testnet"
    )
    swift, _ = parts

    def request(**action: object) -> bytes:
        payload = hl.HyperliquidPayload(**action)  # type: ignore[arg-type]
        return pb.SignRequest(key="desk", hyperliquid=payload).SerializeToString()

    trading = {kind.name for kind in KINDS.values() if not kind.action.restricted}
    for field in hl.HyperliquidPayload.DESCRIPTOR.oneofs_by_name["action"].fields:
        value = b"{}" if field.message_type is None else GetMessageClass(field.message_type)()
        assert swift(request(**{field.name: value})) == (field.name in trading), field.name
    assert not swift(request(noop=hl.HyperliquidNoop(), nonce=1_800_000_000_000))
    assert not swift(request())
