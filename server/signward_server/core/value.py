"""The decorator of the value types that are made once or more for each signature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

__all__ = ["value"]

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True)
def value(cls: type[_T]) -> type[_T]:
    """Make a slotted dataclass that the type checker holds to be frozen.

    A frozen dataclass enforces it at run time as well, and pays for that on each
    construction with one ``object.__setattr__`` a field: about eight times the cost. A
    signature takes ten such objects, so on the signing path the type checker alone
    enforces it. Everything else is a plain frozen dataclass.
    """
    return dataclass(slots=True)(cls)
