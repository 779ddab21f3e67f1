"""Looks into the schema: which sections, keys, bounds and defaults there are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from inspect import cleandoc
from pathlib import PurePath
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from signward_server.config.quantities import format_duration, format_size
from signward_server.config.schema import Settings
from signward_server.config.section import Section

__all__ = [
    "Bounds",
    "Location",
    "SectionFields",
    "bounds_of",
    "children_of",
    "field_at",
    "form",
    "keys_of",
    "kind",
    "sections",
]

Location = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """The values that a field may have, as text; both empty if it has no bounds."""

    low: str
    high: str

    def __bool__(self) -> bool:
        return bool(self.low and self.high)


@dataclass(frozen=True, slots=True)
class SectionFields:
    """One section.

    Attributes:
        name: Dotted name, ``custody.envelope``.
        purpose: What it is about.
        fields: Its keys, in order.
        free: What each key holds where people choose the keys themselves, else ``None``.
    """

    name: str
    purpose: str
    fields: tuple[tuple[str, FieldInfo], ...]
    free: FieldInfo | None = None


def sections(model: type[Section] = Settings, above: str = "") -> Iterator[SectionFields]:
    """Yield all sections that have keys of their own, in order."""
    own = tuple((key, info) for key, info in keys_of(model).items() if _section(info) is None)
    if own or model.free:
        yield SectionFields(above, cleandoc(model.__doc__ or ""), own, model.free)
    for name, info in model.model_fields.items():
        if inner := _section(info):
            yield from sections(inner, f"{above}.{name}" if above else name)


def keys_of(model: type[Section]) -> dict[str, FieldInfo]:
    """Return the keys of a section as one writes them; a key may be no name in Python."""
    return {info.alias or name: info for name, info in model.model_fields.items()}


def field_at(location: Location) -> FieldInfo | None:
    """Return the field at a key path, ``None`` if there is none; list positions are skipped."""
    *above, last = [part for part in location if isinstance(part, str)] or [""]
    model = _model_at(above)
    return keys_of(model).get(last) if model else None


def children_of(location: Location) -> list[str]:
    """Return the keys of the section or list item at a key path."""
    model = _model_at([part for part in location if isinstance(part, str)])
    return list(keys_of(model)) if model else []


def _model_at(path: Sequence[str]) -> type[Section] | None:
    model: type[Section] | None = Settings
    for part in path:
        info = keys_of(model).get(part, model.free) if model else None
        model = (_section(info) or _item(info)) if info else None
    return model


def bounds_of(info: FieldInfo) -> Bounds:
    """Return what the field's value may be between."""
    low = next((form(m.ge, info) for m in info.metadata if isinstance(m, Ge)), "")
    high = next((form(m.le, info) for m in info.metadata if isinstance(m, Le)), "")
    return Bounds(low, high)


def form(value: Any, info: FieldInfo) -> str:  # noqa: ANN401  # whatever a field may hold
    """Return a value as one writes it in TOML."""
    if isinstance(value, timedelta):
        return f'"{format_duration(value)}"'
    if isinstance(value, int) and _is_size(info):
        return f'"{format_size(value)}"'
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(form(item, info) for item in value)}]"
    if isinstance(value, dict):
        inner = ", ".join(f"{name} = {form(item, info)}" for name, item in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    return json.dumps("" if value is None else str(value), ensure_ascii=False)


def kind(info: FieldInfo) -> str:
    """Return what the field holds, in a word or as its alternatives."""
    if get_origin(info.annotation) is Literal:
        return " \\| ".join(f'`"{choice}"`' for choice in get_args(info.annotation))
    return next(word for test, word in _KINDS if test(info))


def _is_size(info: FieldInfo) -> bool:
    return _format(info) == "signward-size"


def _format(info: FieldInfo) -> str:
    for item in info.metadata:
        schema = getattr(item, "json_schema", None)
        if isinstance(schema, dict) and "anyOf" in schema:
            return str(schema["anyOf"][0].get("format", ""))
    return ""


_KINDS = (
    (_is_size, "size"),
    (lambda info: info.annotation is timedelta, "duration"),
    (lambda info: info.annotation is bool, "boolean"),
    (lambda info: info.annotation in (int, float), "number"),
    (lambda info: _section(info) is not None, "table"),
    (lambda info: _item(info) is not None, "list of tables"),
    (lambda info: get_origin(info.annotation) is tuple, "list of text"),
    (lambda info: PurePath in getattr(info.annotation, "__mro__", ()), "path"),
    (lambda _: True, "text"),
)


def _section(info: FieldInfo) -> type[Section] | None:
    annotation = info.annotation
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return None


def _item(info: FieldInfo) -> type[Section] | None:
    arguments = get_args(info.annotation)
    if arguments and isinstance(arguments[0], type) and issubclass(arguments[0], Section):
        return arguments[0]
    return None
