"""Turns pydantic's findings into problems that name the source, the key and the fix."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from typing import get_args

from pydantic_core import ErrorDetails

from signward_server.config.fields import bounds_of, children_of, field_at
from signward_server.config.problems import Problem

__all__ = ["explained"]

_Location = tuple[int | str, ...]

_WRONG_TYPES = {
    "string_type": ("is not text", "write it in quotes"),
    "int_type": ("is not a whole number", "write it without quotes, like 16"),
    "int_from_float": ("is not a whole number", "write it without a fraction, like 16"),
    "float_type": ("is not a number", "write it without quotes, like 0.5"),
    "finite_number": ("is not a number", "write it without quotes, like 0.5"),
    "bool_type": ("is neither true nor false", "write true or false, without quotes"),
    "model_type": ("is not a table", "give it keys of its own"),
    "tuple_type": ("is not a list", "write it in square brackets"),
    "too_short": ("is empty", "give at least one"),
    "too_long": ("has too many entries", "merge some of them"),
    "string_too_short": ("is empty", "fill it in or leave it out"),
    "string_too_long": ("is too long", "shorten it to at most 253 characters"),
    "string_pattern_mismatch": ("has the wrong form", "see `signward config schema`"),
    "missing": ("is missing", "add it"),
}


def explained(
    errors: Iterable[ErrorDetails], origin: Callable[[tuple[str, ...]], str]
) -> list[Problem]:
    """Return a problem for each error, in the schema's order.

    Args:
        errors: What pydantic found.
        origin: Returns where the value of a key came from.
    """
    errors = list(errors)
    problems = []
    for error in errors:
        if error["type"] == "too_short" and _has_inner(error, errors):
            continue  # its items were refused one by one
        location = error["loc"]
        context = error.get("ctx", {})
        if key := context.get("key"):
            location = (*location, key)
        text, fix = _described(error, location)
        # Positions in lists have no origin of their own.
        plain = tuple(part for part in location if isinstance(part, str))
        problems.append(Problem(origin(plain), _dotted(location), text, fix))
    return problems


def _has_inner(error: ErrorDetails, errors: Sequence[ErrorDetails]) -> bool:
    length = len(error["loc"])
    return any(len(e["loc"]) > length and e["loc"][:length] == error["loc"] for e in errors)


def _described(error: ErrorDetails, location: _Location) -> tuple[str, str]:
    """Return what is wrong and the fix."""
    if fix := error.get("ctx", {}).get("fix"):
        return error["msg"], fix
    if error["type"] == "extra_forbidden":
        return "is not a known key", _nearest(location)
    field = field_at(location)
    if field is not None and error["type"] in ("greater_than_equal", "less_than_equal"):
        bounds = bounds_of(field)
        return "is out of range", f"use {bounds.low} to {bounds.high}"
    if field is not None and error["type"] == "literal_error":
        choices = ", ".join(f'"{choice}"' for choice in get_args(field.annotation))
        return "is not one of the choices", f"use one of {choices}"
    return _WRONG_TYPES.get(error["type"], ("is not valid", "see `signward config schema`"))


def _nearest(location: _Location) -> str:
    known = children_of(location[:-1])
    name = location[-1]
    near = difflib.get_close_matches(str(name)[:64], known, n=1)
    if near:
        return f"did you mean {_dotted((*location[:-1], near[0]))}?"
    return f"known here: {', '.join(known)}"


def _dotted(location: _Location) -> str:
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else str(part)
    return text
