"""Whether grpcio's iterator of requests is made as ``rpc.ahead`` needs it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from grpc import _server
from signward_server.rpc.ahead import supported

_USED = (
    "_RequestIterator",
    "_RECEIVE_MESSAGE_TOKEN",
    "_CANCELLED",
    "_is_rpc_state_active",
    "_raise_rpc_error",
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


def test_other_parameters_are_noticed() -> None:
    class Other:
        def __init__(self, state: object) -> None: ...

        def _raise_or_start_receive_message(self) -> None: ...

    assert not supported(SimpleNamespace(**(_parts() | {"_RequestIterator": Other})))
