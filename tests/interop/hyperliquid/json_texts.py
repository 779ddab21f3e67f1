"""JSON texts of actions, as they should be and as whoever wants to be misread writes them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from tests.interop.hyperliquid import official
from tests.interop.hyperliquid.cases import USER_SIGNED
from tests.interop.hyperliquid.l1_actions import L1_ACTIONS
from tests.interop.hyperliquid.user_signed_actions import USER_SIGNED_ACTIONS

__all__ = ["Text", "actions", "spoilt", "written"]

_KINDS = {**L1_ACTIONS, **USER_SIGNED_ACTIONS}
_NUMBERED = USER_SIGNED | {"agentSendAsset"}


@dataclass(frozen=True, slots=True)
class Text:
    """A text, and whether two readers could read two things in it.

    Attributes:
        data: UTF-8.
        ambiguous: Whether a key occurs twice, or a number has a point or an exponent.
    """

    data: bytes
    ambiguous: bool


@st.composite
def actions(draw: st.DrawFn, nonce: int) -> dict[str, Any]:
    """Draw an action of any kind on mainnet, as it is posted."""
    _, action = draw(st.sampled_from(sorted(_KINDS)).flatmap(_KINDS.__getitem__))
    known = {"hyperliquidChain": "Mainnet", "time": nonce, "nonce": nonce}
    own = known if action["type"] in _NUMBERED else {}
    said: dict[str, Any] = {key: own.get(key, part) for key, part in action.items()}
    return official.posted(said)


@st.composite
def written(draw: st.DrawFn, action: dict[str, Any]) -> bytes:
    """Write an action with white space and escapes that mean nothing."""
    indent, ascii_only = draw(st.sampled_from([None, 0, 3])), draw(st.booleans())
    separators = draw(st.sampled_from([(",", ":"), (" , ", "  :\t"), (",\r\n", ": ")]))
    text = json.dumps(action, indent=indent, separators=separators, ensure_ascii=ascii_only)
    if draw(st.booleans()):
        text = text.replace('"type"', '"\\u0074ype"', 1)
    return f"{draw(st.sampled_from(['', ' ', chr(10)]))}{text}".encode()


@st.composite
def spoilt(draw: st.DrawFn, nonce: int) -> Text:
    """Draw a text in which one to three things are not as they should be."""
    action = draw(actions(nonce))
    writer = _Writer()
    for _ in range(draw(st.integers(1, 3))):
        draw(st.sampled_from(_SPOILING))(draw, action)
    return Text(writer.text(action).encode("utf-8", "surrogatepass"), writer.ambiguous)


class _Twice(dict[str, Any]):
    """An object in which a key stands twice."""

    key = ""
    other: object = None


class _Literal(str):
    """A text that is written without quotes."""

    __slots__ = ()


class _Writer:
    """Writes JSON that is no JSON of Python's."""

    def __init__(self) -> None:
        self.ambiguous = False

    def text(self, value: object) -> str:
        if isinstance(value, _Literal):
            self.ambiguous = True
            return str(value)
        if isinstance(value, dict):
            pairs = [(key, self.text(part)) for key, part in value.items()]
            if isinstance(value, _Twice):
                self.ambiguous |= value.key in value
                pairs.append((value.key, self.text(value.other)))
            return "{" + ",".join(f"{json.dumps(key)}:{part}" for key, part in pairs) + "}"
        if isinstance(value, list):
            return "[" + ",".join(map(self.text, value)) + "]"
        return json.dumps(value, ensure_ascii=False)


def _objects(value: object) -> list[dict[str, Any]]:
    """Return every object within a value that has keys."""
    found = []
    if isinstance(value, dict):
        found = [value] if value else []
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            found += _objects(part)
    return found


def _place(draw: st.DrawFn, action: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Draw an object and one of its keys."""
    objects = _objects(action)
    assume(objects)
    chosen = draw(st.sampled_from(objects))
    return chosen, draw(st.sampled_from(sorted(chosen)))


def _reordered(draw: st.DrawFn, action: dict[str, Any]) -> None:
    chosen, _ = _place(draw, action)
    pairs = draw(st.permutations(list(chosen.items())))
    chosen.clear()
    chosen.update(pairs)


def _added(draw: st.DrawFn, action: dict[str, Any]) -> None:
    chosen, _ = _place(draw, action)
    names = st.sampled_from(["vaultAddress", "builder", "f", "type", "nonce", "c", "__proto__", ""])
    chosen[draw(names)] = draw(st.sampled_from([None, "", 0, {"b": "0x" + "d" * 40, "f": 1}, []]))


def _removed(draw: st.DrawFn, action: dict[str, Any]) -> None:
    chosen, key = _place(draw, action)
    del chosen[key]


def _doubled(draw: st.DrawFn, action: dict[str, Any]) -> None:
    objects = [
        found for found in _objects(action) if any(isinstance(v, dict) for v in found.values())
    ]
    above = draw(st.sampled_from(objects)) if objects else None
    if above is None:
        return
    name = draw(st.sampled_from(sorted(k for k, v in above.items() if isinstance(v, dict) and v)
                                or [""]))  # fmt: skip
    if not name:
        return
    twice = _Twice(above[name])
    twice.key = draw(st.sampled_from(sorted(above[name])))
    twice.other = draw(st.sampled_from([above[name][twice.key], "1", 1, None]))
    above[name] = twice


def _retyped(draw: st.DrawFn, action: dict[str, Any]) -> None:
    chosen, key = _place(draw, action)
    others = [
        None,
        True,
        False,
        0,
        1,
        -1,
        2**64,
        -(2**63) - 1,
        "0",
        "1.0",
        "01",
        "1e3",
        "NaN",
        [],
        {},
    ]
    chosen[key] = draw(st.sampled_from(others))


def _pointed(draw: st.DrawFn, action: dict[str, Any]) -> None:
    chosen, key = _place(draw, action)
    forms = ["1.0", "1e3", "0.1", "-0.0", "1E400", "NaN", "Infinity", "-Infinity", "-0"]
    chosen[key] = _Literal(draw(st.sampled_from(forms)))


def _respelt(draw: st.DrawFn, action: dict[str, Any]) -> None:
    chosen, key = _place(draw, action)
    value = chosen[key]
    if not isinstance(value, str):
        return
    spellings = [value.upper(), value.swapcase(), value.replace("0", "\uff10")]
    spellings += [f" {value}", f"0{value}"]
    spellings += [value + more for more in ("\u200b", "0", ".0", "\ud800")]
    chosen[key] = draw(st.sampled_from(spellings))


_SPOILING = (_reordered, _added, _removed, _doubled, _retyped, _pointed, _respelt)
