"""Whether grpcio is made as ``rpc.item_stream`` needs it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from grpc import _server
from signward_server.rpc import item_stream, items
from signward_server.rpc.items import supported

_USED = tuple(items._PARAMETERS)


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


@pytest.mark.parametrize("name", list(items._PARAMETERS))
def test_other_parameters_are_noticed(name: str) -> None:
    parts = _parts() | {name: lambda state, more: None}
    assert not supported(SimpleNamespace(**parts))


def test_every_part_that_is_used_is_compared() -> None:
    names = set(item_stream.ItemStream._ask.__code__.co_names)
    for function in vars(item_stream.ItemStream).values():
        if callable(function):
            names |= set(function.__code__.co_names)
    used = {name for name in names if hasattr(_server, name) and name.startswith("_")}
    assert used - {"_server"} <= set(_USED)


def test_without_such_a_stream_nothing_is_put_off() -> None:
    done: list[int] = []
    item_stream.later_of(iter(()))(lambda: done.append(1))
    assert done == [1]
