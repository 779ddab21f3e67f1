"""JSON as actions are written in: nothing that two readers could take for different things."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["json_text", "parsed"]


def json_text(value: Mapping[str, object]) -> bytes:
    """Return an object as JSON in UTF-8 without spaces, its members in their order.

    Raises:
        TypeError: Something in it is no JSON.
        ValueError: A number in it is none, or a text is no Unicode.
    """
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def parsed(text: bytes) -> Any:  # noqa: ANN401 -- whatever the text says
    """Return what a JSON text says.

    Raises:
        ValueError: It is no JSON, names a member twice, or has a number that is no integer.
    """
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_float=_refuse, parse_constant=_refuse
        )
    except RecursionError as error:
        raise ValueError("too deep") from error


def _unique(members: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("a member is named twice")
    return found


def _refuse(number: str) -> object:
    raise ValueError(f"{number} is no integer; amounts are texts")
