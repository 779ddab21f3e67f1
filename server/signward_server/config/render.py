"""The schema as a commented file, as a table for the documentation, as JSON Schema."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping
from datetime import timedelta
from inspect import cleandoc

from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticUndefined

from signward_server.config.addresses import Endpoint
from signward_server.config.fields import SectionFields, bounds_of, form, keys_of, kind, sections
from signward_server.config.quantities import format_duration
from signward_server.config.schema import CapRule, ClientCa, RateRule, Settings
from signward_server.config.section import Section

__all__ = ["as_json_schema", "as_keys", "as_lines", "as_markdown", "as_toml"]

_WIDTH = 88
_ITEMS: Mapping[str, type[Section]] = {
    "[tls.client_ca]": ClientCa,
    "[rate_limits.rules]": RateRule,
    "caps.<name>": CapRule,
}
_is_bare_key = re.compile(r"[A-Za-z0-9_-]+").fullmatch
_HEAD = """\
# Configuration of the Signward daemon.
# Lines that start with `#` and a key show the default. Relative paths start at this file's
# folder. Durations are written like "250ms", "30s", "15m", "24h"; sizes like "64KiB".
# Every key can be set by a variable (SIGNWARD_LISTEN__TCP) or a flag (--set listen.tcp=...) too.
# Check changes with: signward config check
"""


def as_toml(values: Mapping[str, object]) -> str:
    """Return a complete, commented file.

    Args:
        values: What differs from the defaults, by dotted key; the rest stands commented out.
            A section of free keys is given as a whole, by its name.
    """
    parts = [_HEAD]
    for section in sections():
        parts.append(f"\n{_comment(section.purpose)}[{section.name}]\n")
        for name, info in section.fields:
            parts.append(_comment(_described(info)))
            key = f"{section.name}.{name}"
            if key in values:
                parts.append(f"{name} = {form(values[key], info)}\n")
            else:
                parts.append(_commented_out(name, info))
        if section.free:
            parts.append(_free_keys(section, section.free, values))
    return "".join(parts)


def _free_keys(section: SectionFields, info: FieldInfo, values: Mapping[str, object]) -> str:
    """Return what a file says of keys that people choose: what they hold, and those given."""
    text = _comment(f"{_described(info)}")
    text += "".join(f"# For example: {example}\n" for example in info.examples or ())
    given = values.get(section.name, {})
    if isinstance(given, Mapping):
        text += "".join(f"{line}\n" for line in as_keys(given, info))
    return text


def as_keys(values: Mapping[str, object], info: FieldInfo) -> list[str]:
    """Return free keys with what they hold, one a line, as they stand in a file."""
    return [f"{_key(name)} = {form(held, info)}" for name, held in values.items()]


def as_lines(settings: Settings) -> str:
    """Return all settings in force, one ``section.key = value`` a line; this is TOML too."""
    values = settings.model_dump(mode="json")
    lines = []
    for section in sections():
        table = values
        for part in section.name.split("."):
            table = table[part]
        for name, info in section.fields:
            lines.append(f"{section.name}.{name} = {form(table[name], info)}")
        if section.free:
            lines += [f"{section.name}.{line}" for line in as_keys(table, section.free)]
    return "\n".join(lines)


def as_markdown() -> str:
    """Return a heading and a table for each section, as in ``docs/configuration.md``."""
    parts = [_table(section) for section in sections()]
    for name, model in _ITEMS.items():
        purpose = cleandoc(model.__doc__ or "")
        parts.append(_table(SectionFields(name, purpose, tuple(keys_of(model).items()))))
    return "\n".join(parts)


def as_json_schema() -> str:
    """Return the schema as JSON Schema (draft 2020-12)."""
    schema = Settings.model_json_schema(schema_generator=_JsonSchema)
    return json.dumps(schema, indent=2) + "\n"


class _JsonSchema(GenerateJsonSchema):
    """Writes the defaults in the form that the configuration has them in."""

    def encode_default(self, dft: object) -> object:
        if isinstance(dft, timedelta):
            return format_duration(dft)
        if isinstance(dft, Endpoint):
            return dft.written
        return "" if dft is None else super().encode_default(dft)


def _comment(text: str) -> str:
    lines = textwrap.wrap(" ".join(text.split()), _WIDTH)
    return "".join(f"# {line}\n" for line in lines)


def _commented_out(name: str, info: FieldInfo) -> str:
    """Return the default; a long list has a line for each of its items."""
    default = _default(info)
    line = f"# {name} = {form(default, info)}\n"
    if len(line) <= _WIDTH or not isinstance(default, list):
        return line
    items = "".join(f"#   {form(item, info)},\n" for item in default)
    return f"# {name} = [\n{items}# ]\n"


def _key(name: str) -> str:
    return name if _is_bare_key(name) else json.dumps(name)


def _described(info: FieldInfo) -> str:
    bounds = bounds_of(info)
    suffix = f" ({bounds.low} to {bounds.high})" if bounds else ""
    return f"{info.description}{suffix}".replace('"', "")


def _table(section: SectionFields) -> str:
    lines = [f"### `[{section.name}]`\n", f"{section.purpose}\n"]
    lines += ["| key | kind | default | range | meaning |", "|---|---|---|---|---|"]
    for name, info in section.fields:
        default = _default(info)
        shown = "required" if default is PydanticUndefined else f"`{form(default, info)}`"
        bounds = bounds_of(info)
        extent = f"`{bounds.low}` to `{bounds.high}`" if bounds else ""
        lines.append(f"| `{name}` | {kind(info)} | {shown} | {extent} | {info.description} |")
    if section.free:
        lines.append(f"| any name | {kind(section.free)} |  |  | {section.free.description} |")
    return "\n".join(lines) + "\n"


def _default(info: FieldInfo) -> object:
    return info.get_default(call_default_factory=True, validated_data={})
