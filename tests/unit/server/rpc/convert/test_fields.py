"""Each rule of a field, at its bounds."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from google.protobuf.duration_pb2 import Duration
from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.errors import FieldInvalid
from signward_server.core.keys import Purpose
from signward_server.rpc.convert.fields import Fields

DAY = timedelta(days=1)


def _noted(fields: Fields) -> list[str]:
    with pytest.raises(FieldInvalid) as raised:
        fields.check()
    return [violation.field for violation in raised.value.violations]


def _passes(rule: str, value: object) -> bool:
    fields = Fields()
    assert getattr(fields, rule)("f", value) is not None
    try:
        fields.check()
    except FieldInvalid:
        return False
    return True


def test_nothing_noted_passes_and_everything_noted_is_told_at_once() -> None:
    fields = Fields()
    fields.check()
    fields.key_id("key_id", "-")
    fields.request_id("request_id", "x" * 65)
    fields.note("other", "Must be.")
    assert _noted(fields) == ["key_id", "request_id", "other"]


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("a", True),
        ("0", True),
        ("a.b_c-d", True),
        ("a" * 128, True),
        ("a" * 129, False),
        ("", False),
        ("A", False),
        ("a.", False),
        ("-a", False),
        ("a b", False),
        ("a\n", False),
        ("ä", False),
        ("a/b", False),
        ("a\0", False),
    ],
)
def test_key_ids(text: str, passes: bool) -> None:
    assert _passes("key_id", text) is passes


@given(st.text(max_size=140))
def test_a_key_id_is_what_the_api_says(text: str) -> None:
    assert _passes("key_id", text) is bool(
        re.fullmatch("[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?", text)
    )


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("a b", False),
        ("~!", True),
        ("é", False),
        ("a\n", False),
        ("\x7f", False),
    ],
)
def test_request_ids(text: str, passes: bool) -> None:
    assert _passes("request_id", text) is passes


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("", True),
        ("cn:bot", True),
        ("cn:a name with spaces", True),
        ("dns:bot.example.org", True),
        ("spiffe://example.org/bot", True),
        ("apikey:42", True),
        ("bot", False),
        ("CN:bot", False),
        ("cn:", False),
        ("cn: bot", False),
        ("cn:bot ", False),
        ("cn:bot\0", False),
        ("cn:böt", False),
        ("cn:" + "x" * 2045, True),
        ("cn:" + "x" * 2046, False),
        ("user:bot", False),
    ],
)
def test_identities(text: str, passes: bool) -> None:
    assert _passes("identity", text) is passes


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("", True),
        ("Kunde Nr. 7 — Zürich", True),
        ("x" * 256, True),
        ("x" * 257, False),
        ("a\nb", False),
        ("a\0b", False),
        ("\u202e", False),
        ("\u2028", False),
        ("\ue000", False),
    ],
)
def test_free_text(text: str, passes: bool) -> None:
    assert _passes("text", text) is passes


@pytest.mark.parametrize(
    ("labels", "passes"),
    [
        ({}, True),
        ({"app": "bot"}, True),
        ({"a b_.:/=+-@": "ß 7"}, True),
        ({"a": ""}, True),
        ({"": "a"}, False),
        ({"n" * 128: "t" * 256}, True),
        ({"n" * 129: ""}, False),
        ({"n": "t" * 257}, False),
        ({"a\n": ""}, False),
        ({"a": "\0"}, False),
        ({"a": "tab\there"}, False),
        ({"a": "<b>"}, False),
        ({f"l{n}": "" for n in range(40)}, True),
        ({f"l{n}": "" for n in range(41)}, False),
    ],
)
def test_labels(labels: dict[str, str], passes: bool) -> None:
    assert _passes("labels", labels) is passes


def test_s10_labels_have_no_control_characters() -> None:
    assert not any(
        _passes("labels", {chr(code): ""}) or _passes("labels", {"a": chr(code)})
        for code in (*range(32), *range(127, 160))
    )


def test_many_bad_labels_are_told_in_few_words() -> None:
    fields = Fields()
    fields.labels("labels", {f"<{n}>": "<>" for n in range(40)})
    assert _noted(fields) == ["labels", "labels"]


@pytest.mark.parametrize(("size", "passes"), [(0, True), (32, True), (31, False), (33, False)])
def test_fingerprints(size: int, passes: bool) -> None:
    assert _passes("fingerprint", bytes(size)) is passes


def test_durations_within_bounds() -> None:
    fields = Fields()
    assert fields.duration("f", Duration(), DAY) == timedelta(0)
    assert fields.duration("f", Duration(seconds=86_400), DAY) == DAY
    assert fields.duration("f", Duration(seconds=1, nanos=5000), DAY).microseconds == 5
    fields.check()


@pytest.mark.parametrize(
    "duration",
    [
        Duration(seconds=86_400, nanos=1000),
        Duration(seconds=86_401),
        Duration(seconds=-1),
        Duration(nanos=-1),
        Duration(seconds=1, nanos=-1),
        Duration(nanos=1_000_000_000),
        Duration(seconds=2**63 - 1, nanos=2**31 - 1),
        Duration(seconds=-(2**63), nanos=-(2**31)),
    ],
)
def test_durations_beyond_bounds(duration: Duration) -> None:
    fields = Fields()
    fields.duration("f", duration, DAY)
    assert _noted(fields) == ["f"]


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**31), 2**31 - 1))
def test_any_duration_is_within_bounds_or_refused(seconds: int, nanos: int) -> None:
    fields = Fields()
    span = fields.duration("f", Duration(seconds=seconds, nanos=nanos), DAY)
    assert timedelta(0) <= span <= DAY
    legal = 0 <= nanos < 10**9 and seconds >= 0 and seconds * 10**9 + nanos < 86_400 * 10**9 + 1000
    if not legal:
        assert _noted(fields) == ["f"]
    else:
        fields.check()


def test_choices() -> None:
    fields = Fields()
    assert fields.choice("f", Purpose, 2) is Purpose.ORDER
    assert fields.optional_choice("f", Purpose, 2) is Purpose.ORDER
    assert fields.optional_choice("f", Purpose, 0) is None
    fields.check()
    for number in (0, 5, -1, 2**31 - 1):
        assert fields.choice("f", Purpose, number) is None
    assert fields.optional_choice("g", Purpose, 99) is None
    assert _noted(fields) == ["f"] * 4 + ["g"]
