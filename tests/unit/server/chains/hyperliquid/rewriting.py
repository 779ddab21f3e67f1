"""Actions with one part written otherwise: more, less, in another order or of another type."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["changed"]


def changed(wire: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield where something was changed, and the whole with that change."""
    if isinstance(wire, dict):
        yield from _objects(wire, path)
        for key, value in wire.items():
            if key != "type" or path:
                for where, other in changed(value, f"{path}.{key}"):
                    yield where, {**wire, key: other}
    elif isinstance(wire, list):
        yield f"{path}[]", []
        yield f"{path}[+]", [*wire, None]
        for i, value in enumerate(wire):
            for where, other in changed(value, f"{path}[{i}]"):
                yield where, [*wire[:i], other, *wire[i + 1 :]]
    else:
        yield f"{path}=None", None
        yield from _texts(wire, path) if isinstance(wire, str) else _numbers(wire, path)


def _objects(wire: dict[str, object], path: str) -> Iterator[tuple[str, object]]:
    yield f"{path}+", {**wire, "extra": 1}
    if len(wire) > 1:
        yield f"{path}~", dict(reversed(wire.items()))
    for key in wire:
        if key != "type" or path:
            yield f"{path}-{key}", {name: value for name, value in wire.items() if name != key}


def _numbers(wire: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(wire, bool):
        yield f"{path}=int", int(wire)
    elif isinstance(wire, int):
        yield f"{path}=text", str(wire)
        yield f"{path}=flag", True


def _texts(wire: str, path: str) -> Iterator[tuple[str, object]]:
    if re.fullmatch(r"[0-9]+", wire):
        yield f"{path}=int", int(wire)
        yield f"{path}=.0", wire + ".0"
    elif re.fullmatch(r"[0-9]+\.[0-9]+", wire):
        yield f"{path}=0", wire + "0"
    elif wire.startswith("0x"):
        if not wire[2:].isdecimal():
            yield f"{path}=upper", "0x" + wire[2:].upper()
        yield f"{path}=short", wire[:-1]
