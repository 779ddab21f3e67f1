"""Whether grpcio is made as ``rpc.early`` needs it, and what falls back when it is not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from grpc import _server
from signward_server.rpc import early
from signward_server.rpc.early import EarlyPool, supported
from signward_server.rpc.interceptors.reception import ReceptionWatch

from tests.fakes.spine.clock import MovingClock

_USED = (
    "_receive_message",
    "_unary_response_in_pool",
    "_raise_rpc_error",
    "_RECEIVE_MESSAGE_TOKEN",
    "_CANCELLED",
)


def _parts() -> dict[str, Any]:
    return {name: getattr(_server, name) for name in _USED}


def test_the_grpcio_of_the_lock_is_supported() -> None:
    assert supported()
    assert supported(SimpleNamespace(**_parts()))


@pytest.mark.parametrize("name", _USED)
def test_a_missing_part_is_noticed(name: str) -> None:
    parts = _parts()
    del parts[name]
    assert not supported(SimpleNamespace(**parts))


@pytest.mark.parametrize("name", list(early._PARAMETERS))
def test_other_parameters_are_noticed(name: str) -> None:
    parts = _parts() | {name: lambda state, more: None}
    assert not supported(SimpleNamespace(**parts))


def test_other_tasks_are_passed_on() -> None:
    pool = EarlyPool(1, 16, ReceptionWatch(MovingClock(), 1))
    done: list[int] = []
    pool.submit(done.append, 1)
    pool.submit(lambda: done.append(2))
    pool.shutdown()
    assert done == [1, 2]
