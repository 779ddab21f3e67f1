"""What all sections of the configuration share: strict, frozen, closed."""

from __future__ import annotations

from typing import Any, ClassVar, LiteralString

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

__all__ = ["Section", "contradiction", "table"]


class Section(BaseModel):
    """One table of the configuration. Unknown keys are errors; nothing changes later.

    Attributes:
        free: What each key holds where people choose the keys themselves, else ``None``.
    """

    free: ClassVar[FieldInfo | None] = None

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        hide_input_in_errors=True,
        validate_default=True,
    )


def contradiction(key: str, text: LiteralString, fix: str) -> PydanticCustomError:
    """Return the error for a key whose value does not go with that of another one."""
    return PydanticCustomError("contradiction", text, {"key": key, "fix": fix})


def table(description: str) -> Any:  # noqa: ANN401  # validated into the annotated section
    """Return the field of a section that may be left out; its keys then have their defaults."""
    return Field(default_factory=dict, description=description)
