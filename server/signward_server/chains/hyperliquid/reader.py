"""Reads a record of the API, and notes every field at fault."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from signward_server.chains.hyperliquid.decimals import (
    Amount,
    DecimalRefused,
    parse_decimal,
)
from signward_server.chains.hyperliquid.unseen import has_unseen
from signward_server.core.decimals import MAX_UNITS
from signward_server.core.errors import FieldInvalid, FieldViolation, PayloadUnsupported

__all__ = ["Reader"]

_T = TypeVar("_T")
_MAX_UINT32 = 2**32 - 1
_MOST_DECIMAL = "92233720368.54775807"  # MAX_UNITS
_NOTHING = Amount("0", 0)
_NO_ADDRESS = "0x" + "0" * 40
_is_address = re.compile(r"0x[0-9a-fA-F]{40}").fullmatch
_is_word = re.compile(r"[A-Za-z0-9_]{1,64}").fullmatch
_is_cloid = re.compile(r"0x[0-9a-fA-F]{32}").fullmatch


class _Notes(NamedTuple):
    """What is wrong with a payload, and what is beyond what is signed."""

    faults: list[FieldViolation]
    beyond: list[FieldViolation]


class Reader:
    """Reads one record; the Readers of what stands within it share its notes.

    Each method returns what stands in a field, or notes what it must be and returns something
    of the right type, so that whoever builds goes on and the caller learns of all at once.
    Ask ``check`` before anything leaves.

    Args:
        record: The fields by their names in the API, of any type: it may come from JSON.
        path: Where the record stands in the request, ``hyperliquid.order``.
        faults: What is wrong beside it.
        notes: Those of the Reader of what the record stands within, to which it adds.
        is_json: Whether the record was made of the exchange's JSON, whose words notes name then.
    """

    __slots__ = ("_notes", "_path", "_record", "is_json")

    def __init__(
        self,
        record: Mapping[str, object],
        path: str,
        faults: Iterable[FieldViolation] = (),
        notes: _Notes | None = None,
        *,
        is_json: bool = False,
    ) -> None:
        self.is_json = is_json
        self._record = record
        self._path = path
        self._notes = notes or _Notes(list(faults), [])

    def check(self) -> None:
        """Return if nothing was noted.

        Raises:
            FieldInvalid: Fields at fault.
            PayloadUnsupported: All are well formed, but some are beyond what is signed.
        """
        if self._notes.faults:
            raise FieldInvalid(violations=self._notes.faults)
        if self._notes.beyond:
            raise PayloadUnsupported(violations=self._notes.beyond)

    def note(self, name: str, description: str) -> None:
        """Note a field at fault."""
        self._notes.faults.append(FieldViolation(f"{self._path}.{name}", description))

    def note_beyond(self, name: str, description: str) -> None:
        """Note a field that is well formed, but beyond what is signed (S6)."""
        self._notes.beyond.append(FieldViolation(f"{self._path}.{name}", description))

    def within(self, name: str, number: int) -> int:
        """Return a number that follows from a field, if a policy can count it (S6).

        What follows from a whole number is a multiple of it, and the limit is that of the field.
        """
        if number <= MAX_UNITS:
            return number
        given = self._record.get(name)
        most = MAX_UNITS // (number // abs(given)) if type(given) is int else _MOST_DECIMAL
        self.note_beyond(name, f"Is more than this daemon counts: {most}.")
        return MAX_UNITS

    def given(self, name: str) -> bool:
        """Return whether a field is there."""
        return self._record.get(name) is not None

    def unread(self, name: str) -> object:
        """Return what stands in a field as it is; ``None`` for nothing."""
        return self._record.get(name)

    def path(self, name: str) -> str:
        """Return where a field stands in the request."""
        return f"{self._path}.{name}"

    def decimal(self, name: str) -> Amount:
        """Read a decimal string."""
        text = self._record.get(name)
        if type(text) is not str:
            self.note(name, "Must be a decimal number as text.")
            return _NOTHING
        try:
            return parse_decimal(text)
        except DecimalRefused as refused:
            (self.note_beyond if refused.beyond else self.note)(name, refused.rule)
            return _NOTHING

    def flag(self, name: str) -> bool:
        """Read a flag."""
        value = self._record.get(name)
        if value is True or value is False:
            return value
        self.note(name, "Must be true or false.")
        return False

    def uint(self, name: str, most: int = _MAX_UINT32, least: int = 0) -> int:
        """Read a whole number."""
        value = self._record.get(name)
        if type(value) is int and least <= value <= most:
            return value
        self.note(name, f"Must be a whole number from {least} to {most}.")
        return least

    def address(self, name: str, *, optional: bool = False) -> str:
        """Read an address, in lower case; empty for none."""
        value = self._record.get(name)
        if optional and (value is None or value == ""):
            return ""
        if type(value) is str and _is_address(value):
            return value.lower()
        self.note(name, "Must be an address: 0x and 40 hex digits.")
        return _NO_ADDRESS

    def addresses(self, name: str, most: int) -> list[str]:
        """Read up to so many addresses, in lower case."""
        values = self._record.get(name)
        if (
            type(values) is list
            and len(values) <= most
            and all(type(value) is str and _is_address(value) for value in values)
        ):
            return [value.lower() for value in values]
        self.note(name, f"Must have at most {most} addresses: 0x and 40 hex digits each.")
        return []

    def cloid(self, name: str, *, optional: bool = False) -> str:
        """Read a client order id, in lower case; empty for none."""
        value = self._record.get(name)
        if optional and (value is None or value == ""):
            return ""
        if type(value) is str and _is_cloid(value):
            return value.lower()
        self.note(name, "Must be a client order id: 0x and 32 hex digits.")
        return ""

    def text(self, name: str, most: int, least: int = 1) -> str:
        """Read text of so many characters, none of them a control character."""
        value = self._record.get(name)
        if type(value) is str and least <= len(value) <= most and not has_unseen(value):
            return value
        self.note(name, f"Must be {least} to {most} characters, none of them a control character.")
        return ""

    def word(self, name: str) -> str:
        """Read 1 to 64 letters, digits and ``_``."""
        value = self._record.get(name)
        if type(value) is str and _is_word(value):
            return value
        self.note(name, "Must be 1 to 64 of A-Z, a-z, 0-9 and _.")
        return ""

    def name(self, name: str, most: int, least: int = 1) -> str:
        """Read text of so many printable ASCII characters without spaces."""
        value = self._record.get(name)
        if (
            type(value) is str
            and least <= len(value) <= most
            and all("!" <= character <= "~" for character in value)
        ):
            return value
        self.note(name, f"Must be {least} to {most} printable ASCII characters without spaces.")
        return ""

    def choice(self, name: str, values: Mapping[str, _T]) -> _T:
        """Read a word of the API and return what it stands for, the exchange's word of it."""
        value = self._record.get(name)
        if type(value) is str and value in values:
            return values[value]
        words = values.values() if self.is_json else values
        self.note(name, f"Must be one of {', '.join(str(word) for word in words if word)}.")
        return next(iter(values.values()))

    def mapping(self, name: str) -> dict[str, object]:
        """Read a record as it is, for what nothing is known of."""
        value = self._record.get(name)
        if type(value) is dict:
            return value
        self.note(name, "Must be an object.")
        return {}

    def record(self, name: str) -> Reader:
        """Read a record; an empty one where there is none."""
        value = self._record.get(name)
        if isinstance(value, dict):
            return self._inner(value, name)
        self.note(name, "Must be set.")
        return Reader({}, self.path(name))  # whose notes would only repeat that

    def records(self, name: str, most: int, least: int = 1) -> Sequence[Reader]:
        """Read so many records."""
        values = self._record.get(name)
        if (
            isinstance(values, list)
            and least <= len(values) <= most
            and all(isinstance(value, dict) for value in values)
        ):
            return [self._inner(value, f"{name}[{i}]") for i, value in enumerate(values)]
        self.note(name, f"Must have {least} to {most} elements.")
        return ()

    def _inner(self, record: dict[str, object], name: str) -> Reader:
        return Reader(record, self.path(name), notes=self._notes, is_json=self.is_json)
