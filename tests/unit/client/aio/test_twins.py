"""``signward.Client`` and ``signward.aio.Client`` have the same methods, arguments and words."""

from __future__ import annotations

import inspect

import pytest
import signward
from signward import aio

TWINS = [
    (signward.Client, aio.Client),
    (signward.client.Accounts, aio.client.Accounts),
    (signward.client.Admin, aio.client.Admin),
    (signward.SignStream, aio.SignStream),
    (signward.AuditTail, aio.AuditTail),
]
LIVES = {"__enter__": "__aenter__", "__exit__": "__aexit__", "__next__": "__anext__"}


def public(cls):
    return {name for name in dir(cls) if not name.startswith("_")}


def members():
    return [
        pytest.param(ours, theirs, name, id=f"{ours.__name__}.{name}")
        for ours, theirs in TWINS
        for name in sorted(public(ours))
    ]


@pytest.mark.parametrize(("ours", "theirs"), TWINS)
def test_the_twins_have_the_same_public_names(ours, theirs):
    assert public(ours) == public(theirs)
    for name, twin in LIVES.items():
        assert hasattr(ours, name) == hasattr(theirs, twin)


@pytest.mark.parametrize(("ours", "theirs", "name"), members())
def test_a_method_has_the_same_arguments_and_words(ours, theirs, name):
    one, other = inspect.getattr_static(ours, name), inspect.getattr_static(theirs, name)
    assert isinstance(one, property) == isinstance(other, property)
    if isinstance(one, property):
        assert one.__doc__ == other.__doc__
        return
    one, other = getattr(ours, name), getattr(theirs, name)
    assert one.__doc__
    if (ours, name) != (signward.SignStream, "send"):  # whose callbacks run on a thread
        assert one.__doc__ == other.__doc__
    first, second = inspect.signature(one), inspect.signature(other)
    assert first.parameters == second.parameters


def test_the_constructors_take_the_same():
    one, other = inspect.signature(signward.Client), inspect.signature(aio.Client)
    assert one.parameters == other.parameters


def test_calls_are_awaited_and_lists_are_not():
    assert inspect.iscoroutinefunction(aio.Client.sign)
    assert not inspect.iscoroutinefunction(signward.Client.sign)
    assert inspect.iscoroutinefunction(aio.client.Admin.freeze_key)
    assert not inspect.iscoroutinefunction(aio.Client.list_keys)
    returns = inspect.signature(aio.Client.list_keys).return_annotation
    assert returns == "AsyncIterator[resources.Key]"
    assert inspect.signature(signward.Client.get_key).return_annotation == "resources.Key"
    assert signward.Client.get_key.__name__ == "get_key"
