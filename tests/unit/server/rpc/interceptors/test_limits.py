"""What is counted before the content of a call is looked at."""

from __future__ import annotations

import pytest
from signward_server.core.errors import RateLimited
from signward_server.core.method_classes import MethodClass
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.interceptors.limits import limited

from tests.fakes.spine.call import OTHER
from tests.fakes.spine.rpc import grpc_call
from tests.fakes.spine.world import World


@pytest.mark.parametrize("what", sorted(set(MethodClass) - {MethodClass.SIGN}))
def test_a_call_is_counted_once_for_its_caller_and_class_and_no_key(what: MethodClass) -> None:
    world, seen = World(), []

    def following(data: bytes, call: GrpcCall) -> bytes:
        seen.append((data, len(world.limits.admitted)))
        return b"answer"

    behaviour = limited(following, world.limits, what)
    assert behaviour(b"request", grpc_call(world, identity=OTHER)) == b"answer"
    assert seen == [(b"request", 1)]
    assert world.limits.admitted == [(OTHER, what, "", 1)]


def test_a_call_beyond_the_limit_is_not_looked_at() -> None:
    world = World()
    world.limits.room = 0

    def following(data: bytes, call: GrpcCall) -> bytes:
        raise AssertionError

    with pytest.raises(RateLimited) as raised:
        limited(following, world.limits, MethodClass.READ)(b"request", grpc_call(world))
    assert raised.value.retry_after == 1.5


def test_what_is_counted_by_items_passes_at_no_cost() -> None:
    world = World()

    def following(data: bytes, call: GrpcCall) -> bytes:
        return data

    assert limited(following, world.limits, MethodClass.SIGN) is following
