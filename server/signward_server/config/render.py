"""The schema as a commented file, as a table for the documentation, as JSON Schema."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from signward_server.config.fields import SectionFields, bounds_of, form, kind, sections
from signward_server.config.schema import ClientCa, Settings

__all__ = ["as_json_schema", "as_markdown", "as_toml"]

_WIDTH = 88
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
                parts.append(f"# {name} = {form(_default(info), info)}\n")
    return "".join(parts)


def as_markdown() -> str:
    """Return a heading and a table for each section, as in ``docs/configuration.md``."""
    parts = [_table(section) for section in sections()]
    items = tuple(ClientCa.model_fields.items())
    parts.append(_table(SectionFields("[tls.client_ca]", (ClientCa.__doc__ or "").strip(), items)))
    return "\n".join(parts)


def as_json_schema() -> str:
    """Return the schema as JSON Schema (draft 2020-12)."""
    return json.dumps(Settings.model_json_schema(), indent=2) + "\n"


def _comment(text: str) -> str:
    lines = textwrap.wrap(text, _WIDTH)
    return "".join(f"# {line}\n" for line in lines)


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
    return "\n".join(lines) + "\n"


def _default(info: FieldInfo) -> object:
    return info.get_default(call_default_factory=True, validated_data={})
