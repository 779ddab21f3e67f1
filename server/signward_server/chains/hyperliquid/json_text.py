"""Reads JSON that others wrote: whatever two readers could take for two things is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import NoReturn

from signward_server.chains.hyperliquid.unseen import has_unseen

__all__ = ["JsonRefused", "read_object"]

_MAX_SIZE = 16_384
_MAX_DEPTH = 16
_LEAST, _MOST = -(2**63), 2**64 - 1
_MAX_DIGITS = 20
_is_key = re.compile(r"[A-Za-z0-9_]{1,64}").fullmatch


class JsonRefused(ValueError):  # noqa: N818  # says what happened
    """A text that is not signed; the text of the error says why, in a sentence for the caller."""


def read_object(text: bytes) -> dict[str, object]:
    """Return the object that a text holds, in its order of keys.

    At most 16 KiB of UTF-8 and 16 levels deep; keys of letters, digits and ``_``, none twice in
    an object; whole numbers within -2^63..2^64-1 and no other; text without characters that
    nobody sees.

    Raises:
        JsonRefused: It is none.
    """
    if len(text) > _MAX_SIZE:
        raise JsonRefused("Must be at most 16 KiB.")
    try:
        found = _decoder.decode(text.decode("utf-8"))
    except JsonRefused:
        raise
    except (ValueError, RecursionError) as exc:
        raise JsonRefused("Must be JSON in UTF-8.") from exc
    if type(found) is not dict:
        raise JsonRefused("Must be an object.")
    _check(found, 1)
    return found


def _check(found: object, depth: int) -> None:
    """Return if a value has nothing that is refused, to all its depth."""
    if type(found) is str:
        if has_unseen(found):
            raise JsonRefused("Text must have no control, format or unassigned characters.")
        return
    if not isinstance(found, dict | list):
        return
    if depth > _MAX_DEPTH:
        raise JsonRefused("Must be at most 16 levels deep.")
    inner: Iterable[object] = found.values() if isinstance(found, dict) else found
    for element in inner:
        _check(element, depth + 1)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, element in pairs:
        if not _is_key(key):
            raise JsonRefused("Keys must be 1 to 64 of A-Z, a-z, 0-9 and _.")
        if key in found:
            raise JsonRefused("A key must not stand twice in an object.")
        found[key] = element
    return found


def _integer(digits: str) -> int:
    if digits != "-0" and len(digits) <= _MAX_DIGITS and _LEAST <= (number := int(digits)) <= _MOST:
        return number
    raise JsonRefused("Numbers must be from -2^63 to 2^64-1, and not -0.")


def _refuse(_: str) -> NoReturn:
    raise JsonRefused("Numbers must be whole, without point or exponent.")


_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_refuse, parse_constant=_refuse
)
