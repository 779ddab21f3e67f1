"""Exchange's names to the API's, for actions that come as JSON.

Nothing is checked here: what is missing or of another type is passed on, and noted when the
record is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

__all__ = ["each", "renamed"]


def renamed(source: object, names: Mapping[str, str]) -> dict[str, object]:
    """Return the fields of an object by other names; none of what is no object.

    Args:
        source: From JSON.
        names: The API's name by the exchange's; other fields are left out.
    """
    if not isinstance(source, Mapping):
        return {}
    return {names[key]: value for key, value in source.items() if key in names}


def each(source: object, convert: Callable[[object], object]) -> object:
    """Return a list with each element converted; what is no list stays as it is."""
    return [convert(element) for element in source] if isinstance(source, list) else source
