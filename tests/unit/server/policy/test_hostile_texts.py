"""Texts that are wrong on purpose: refused, quickly, and without taking the process along."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.server.policy.desk import compiled, problems

_MANY = 20_000
_TRADING = (
    '@id("trade")\n'
    'permit(principal in Group::"bots", action in Action::"SignTrade", resource is Key)\n'
    'when { ["BTC", "ETH"].contains(context.order.coin) && context.order.notional < 1000 }\n'
    'unless { resource.hasTag("frozen") || "a\\"b;c" == "//" }; // trades\n'
)


def condition(text: str) -> str:
    return f"permit(principal, action, resource) when {{{text}}};"


@pytest.mark.parametrize(
    "text",
    [
        condition("(" * _MANY + "true" + ")" * _MANY),
        condition("[" * _MANY + "]" * _MANY + " == 1"),
        condition("{a:" * _MANY + "1" + "}" * _MANY + " == 1"),
        condition("if true then " * _MANY + "true" + " else false" * _MANY),
        condition("true && " * _MANY + "true"),
        condition("false || " * _MANY + "true"),
        condition("1 + " * _MANY + "1 == 1"),
        condition("context" + ".a" * _MANY),
        condition("context" + '["a"]' * _MANY),
        condition("context has a" + ".a" * _MANY),
        condition("context has a" + ".a" * 490),
        condition("context" + ".contains(1)" * _MANY),
        condition("ip(" * _MANY + '"x"' + ")" * _MANY),
        condition("!" * _MANY + "true"),
        condition("-" * _MANY + "1 == 1"),
        condition("1" * _MANY + " == 1"),
        condition("A::" * _MANY + 'B::"x" == principal'),
        condition("(" * _MANY),
        condition("true && " * 70 + "true"),
        "permit(principal, action, resource)" + " when {true}" * _MANY + ";",
        "permit(principal, action, resource);" * 2001,
        "permit(principal, action resource);" * 5000,
        "x" * (1024 * 1024 + 1),
        '"' * 100_001,
        '"' + "\\" * 100_000,
        "permit(principal, action, resource) when {\ud800};",
        "permit\0(principal, action, resource);",
        "\ufeff" + _TRADING,
    ],
    ids=lambda text: f"{text[36:60]!r}",
)
def test_hostile_texts_are_refused_in_time(text: str) -> None:
    started = time.monotonic()
    found = problems(text)
    assert found
    assert len(found) <= 20
    assert all(len(problem.text) <= 300 for problem in found)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    "text",
    [
        condition("(" * 31 + "true" + ")" * 31),
        condition("true && " * 50 + "true"),
        condition("[" + '"x", ' * 5000 + '"y"].contains("z")'),
        "".join(f"@a{n} " for n in range(5000)) + "permit(principal, action, resource);",
        _TRADING,
    ],
    ids=["brackets", "operators", "list", "annotations", "plain"],
)
def test_large_texts_within_the_bounds_are_taken(text: str) -> None:
    assert compiled(text).policies


def test_a_truncated_text_is_refused_or_blank() -> None:
    end = _TRADING.index("; // trades")
    begin = _TRADING.index("@")
    for length in range(begin + 1, end + 1):
        assert problems(_TRADING[:length]), length
    assert not problems(_TRADING[: end + 1])


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_text_never_crashes(data: st.DataObject) -> None:
    text = list(_TRADING * 2)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(text) - 1))
        pieces = st.sampled_from([*'(){}[];"\\/@.,:=!&|\n', "", "//", "permit", "if", "is", "\0"])
        text[place] = data.draw(pieces | st.characters())
    found = problems("".join(text).replace('@id("trade")', ""))
    assert all(problem.text for problem in found)
