from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.chains.hyperliquid.reader import Reader
from signward_server.core.decimals import MAX_UNITS
from signward_server.core.errors import FieldInvalid, FieldViolation, PayloadUnsupported

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.floats(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
# Each way to read a field, and the type of what it gives.
READING: dict[str, tuple[type, tuple[Any, ...], dict[str, Any]]] = {
    "decimal": (tuple, (), {}),
    "flag": (bool, (), {}),
    "uint": (int, (), {}),
    "address": (str, (), {}),
    "cloid": (str, (), {}),
    "text": (str, (8,), {}),
    "name": (str, (8,), {}),
    "word": (str, (), {}),
    "choice": (str, ({"": "a", "b": "c"},), {}),
    "mapping": (dict, (), {}),
}


@given(st.sampled_from(sorted(READING)), anything)
def test_whatever_stands_there_gives_the_right_type_or_a_note(way: str, value: object) -> None:
    kind, arguments, more = READING[way]
    reader = Reader({"f": value}, "p")
    found = getattr(reader, way)("f", *arguments, **more)
    assert isinstance(found, kind)
    try:
        reader.check()
    except (FieldInvalid, PayloadUnsupported) as error:
        assert [violation.field for violation in error.violations] == ["p.f"]  # noqa: PT017
    else:
        same = {"address": str(value).lower(), "cloid": str(value).lower()}.get(way, value)
        assert way in ("decimal", "choice") or found == same


@pytest.mark.parametrize("way", sorted(READING))
def test_what_is_missing_is_noted(way: str) -> None:
    _, arguments, more = READING[way]
    reader = Reader({}, "p")
    getattr(reader, way)("f", *arguments, **more)
    with pytest.raises(FieldInvalid) as caught:
        reader.check()
    assert caught.value.violations[0].description.startswith("Must be")


def test_a_flag_is_no_number_and_a_number_no_flag() -> None:
    reader = Reader({"a": True, "b": 1}, "p")
    reader.uint("a")
    reader.flag("b")
    with pytest.raises(FieldInvalid) as caught:
        reader.check()
    assert [violation.field for violation in caught.value.violations] == ["p.a", "p.b"]


def test_what_is_optional() -> None:
    reader = Reader({"a": "", "b": None}, "p")
    for name in ("a", "b", "c"):
        assert reader.address(name, optional=True) == ""
        assert reader.cloid(name, optional=True) == ""
    reader.check()
    assert not reader.given("b")
    assert reader.given("a")


def test_paths_of_what_stands_within() -> None:
    reader = Reader({"l": [{"r": {"n": -1}}, {"r": 5}], "e": []}, "hyperliquid.order")
    for inner in reader.records("l", 2):
        inner.record("r").uint("n")
    reader.records("e", 2)
    reader.records("l", 1)
    with pytest.raises(FieldInvalid) as caught:
        reader.check()
    assert [violation.field for violation in caught.value.violations] == [
        "hyperliquid.order.l[0].r.n",
        "hyperliquid.order.l[1].r",
        "hyperliquid.order.e",
        "hyperliquid.order.l",
    ]


def test_faults_come_before_what_is_beyond() -> None:
    reader = Reader({"a": "92233720369"}, "p")
    reader.decimal("a")
    with pytest.raises(PayloadUnsupported):
        reader.check()
    reader.flag("b")
    with pytest.raises(FieldInvalid):
        reader.check()
    with pytest.raises(FieldInvalid):
        Reader({}, "p", [FieldViolation("q", "Must.")]).check()


def test_s06_within() -> None:
    reader = Reader({"b": MAX_UNITS + 1, "c": -(10**18)}, "p")
    assert reader.within("a", MAX_UNITS) == MAX_UNITS
    reader.check()
    for name, number in (("a", MAX_UNITS + 1), ("b", MAX_UNITS + 1), ("c", 10**20)):
        assert reader.within(name, number) == MAX_UNITS
    with pytest.raises(PayloadUnsupported) as caught:
        reader.check()
    assert [violation.description.split(": ")[1] for violation in caught.value.violations] == [
        "92233720368.54775807.",
        "9223372036854775807.",
        "92233720368547758.",
    ]


@pytest.mark.parametrize(("is_json", "words"), [(False, "x_y"), (True, "na, xY")])
def test_a_choice_names_the_words_of_what_was_given(is_json: bool, words: str) -> None:
    reader = Reader({"l": [{"r": {"c": "z"}}]}, "p", is_json=is_json)
    reader.records("l", 1)[0].record("r").choice("c", {"": "na", "x_y": "xY"})
    with pytest.raises(FieldInvalid) as caught:
        reader.check()
    assert [violation.description for violation in caught.value.violations] == [
        f"Must be one of {words}."
    ]
