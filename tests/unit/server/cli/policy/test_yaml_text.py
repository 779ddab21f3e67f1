"""YAML that means what it looks like, and nothing else."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.cli.policy.tables.yaml_text import LARGEST_TEXT, TextRefused, YamlText, parse


def refusal(text: str) -> tuple[int, str]:
    with pytest.raises(TextRefused) as caught:
        parse(text)
    return caught.value.line, caught.value.problem


def test_scalars_are_text_but_for_four_words():
    text = "a: 0.50\nb: no\nc: 1e3\nd: 2026-01-07\ne: true\nf: 'true'\ng: null\nh: ~\ni:\nj: True\n"
    assert parse(text).value == {
        "a": "0.50",
        "b": "no",
        "c": "1e3",
        "d": "2026-01-07",
        "e": True,
        "f": "true",
        "g": None,
        "h": None,
        "i": None,
        "j": "True",
    }


def test_lists_tables_blocks_and_json_are_read():
    text = '- a\n- {b: [c, {"d": e}]}\n- |\n  f\n  g\n- >\n  h\n  i\n- []\n'
    assert parse(text).value == ["a", {"b": ["c", {"d": "e"}]}, "f\ng\n", "h i\n", []]
    assert parse("").value is None
    assert parse("# nothing\n").value is None


def test_every_place_knows_its_line():
    read = parse("a:\n  - b\n  -\n    c: d\ne: f\n")
    paths = [("a",), ("a", 0), ("a", 1), ("a", 1, "c"), ("e",)]
    assert [read.line(path) for path in paths] == [1, 2, 4, 4, 5]
    assert read.line(("a", 1, "missing")) == 4
    assert read.line(("missing",)) == 1


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a: &x 1", 1, "has an anchor or alias"),
        ("a: 1\nb: *x", 2, "has an anchor or alias"),
        ("&x {a: 1}", 1, "has an anchor or alias"),
        ("? &x a\n: 1", 1, "has a key that is no text"),
        ("a: !!int 1", 1, "has a tag"),
        ("a: ! 1", 1, "has a tag"),
        ("!!python/object/apply:os.system [id]", 1, "has a tag"),
        ("!!str a: 1", 1, "has a key that is no text"),
        ("? [a]\n: b", 1, "has a key that is no text"),
        ("a: 1\nb: 2\na: 3", 3, "has a key for the second time"),
        ("a: {b: 1, 'b': 2}", 1, "has a key for the second time"),
        ("%YAML 1.1\n---\na", 1, "has a directive"),
        ("%TAG ! tag:x,2026:\n---\na", 1, "has a directive"),
        ("a\n---\nb", 2, "starts a second document"),
        ("[" * 13 + "]" * 13, 1, "is nested too deep"),
        ("a: 1\n\tb: 2", 2, "is not YAML (found character '\\t' that cannot start any token)"),
        ("a: 1\nb", 2, "is not YAML (could not find expected ':')"),
        ("\0", 1, "is not YAML that anyone wrote"),
        ("%YAML " + "9" * 5000 + ".1\n---", 1, "is not YAML that anyone wrote"),
        ('"\\UFFFFFFFF"', 1, "is not YAML that anyone wrote"),
        ("a" * (LARGEST_TEXT + 1), 1, "is larger than 256 KiB"),
        ("- a\n" * 50_000, 49_999, "has too many entries"),
    ],
)
def test_everything_else_is_refused_at_its_line(text, line, problem):
    assert refusal(text[: LARGEST_TEXT + 1]) == (line, problem)


@pytest.mark.parametrize(
    "text",
    ["[" * 10_000, "{" * 10_000, "- " * 10_000, "? " * 10_000, "a: " * 10_000, "&a " * 9_000],
)
def test_depth_costs_no_stack_and_little_time(text):
    start = time.process_time()
    with pytest.raises(TextRefused):
        parse(text)
    assert time.process_time() - start < 5


@given(st.text(max_size=200) | st.text(alphabet="ab:-?&*!{}[]|>'\"#%,\n\t ", max_size=200))
def test_any_text_is_read_or_refused(text):
    outcome = _outcome(text)
    if isinstance(outcome, YamlText):
        assert _is_plain(outcome.value)
    else:
        assert outcome.line >= 1
        assert outcome.problem
        assert outcome.fix


def _outcome(text: str):
    """Return what was read or why it was refused; anything else that is raised is a bug."""
    try:
        return parse(text)
    except TextRefused as refused:
        return refused


_VALUES = st.recursive(
    st.none() | st.booleans() | st.text("abc01.-", min_size=1, max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(_VALUES)
def test_what_json_says_yaml_says_too(value):
    assert parse(json.dumps(value)).value == value


def _is_plain(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(k, str) and _is_plain(v) for k, v in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (bool, str))
