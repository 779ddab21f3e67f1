"""Taking an object of the exchange apart, with nothing left over and nothing taken for another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

__all__ = ["Reader", "Unlike"]

_T = TypeVar("_T")


class Unlike(ValueError):  # noqa: N818 -- a finding, never shown
    """No message of the API says exactly what this object says."""


class Reader:
    """Gives each member of an object once, if it is of the very type that is asked for.

    Args:
        value: What was parsed from JSON, or made by the SDK.

    Raises:
        Unlike: It is no object. Every method raises it for what is not as asked for.
    """

    def __init__(self, value: object) -> None:
        if not isinstance(value, Mapping):
            raise Unlike
        self._left: dict[Any, Any] = dict(value)

    def take(self, name: str, kind: type[_T]) -> _T:
        """Take a member. ``True`` is no ``int`` here."""
        if name not in self._left:
            raise Unlike
        value = self._left.pop(name)
        if type(value) is not kind:
            raise Unlike
        return value

    def choice(self, name: str, meanings: Mapping[str, _T]) -> _T:
        """Take a member that is one of some texts; return what it means."""
        text = self.take(name, str)
        if text not in meanings:
            raise Unlike
        return meanings[text]

    def inner(self, name: str) -> Reader:
        """Take a member that is an object."""
        return Reader(self._left.pop(name, None))

    def each(self, name: str) -> list[Reader]:
        """Take a member that is a list of objects."""
        return [Reader(item) for item in self.take(name, list)]

    def has(self, name: str, kind: type = object) -> bool:
        """Say whether a member, of this type, is there and not taken yet."""
        return name in self._left and isinstance(self._left[name], kind)

    def end(self) -> None:
        """Be done: nothing may be left."""
        if self._left:
            raise Unlike
