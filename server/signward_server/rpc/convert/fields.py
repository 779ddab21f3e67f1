"""Rules for single fields: each gives its core value, or notes what is wrong with it."""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Mapping
from datetime import timedelta
from typing import TypeVar

from google.protobuf.duration_pb2 import Duration

from signward_server.core.errors import FieldInvalid, FieldViolation
from signward_server.rpc.convert.addresses import read_address

__all__ = ["Fields"]

_E = TypeVar("_E", bound=enum.IntEnum)

_KEY_ID = re.compile(r"[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?")
_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,64}")
_IDENTITY = re.compile(r"(spiffe|dns|cn|apikey):[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")
_MAX_IDENTITY = 2048
_MAX_LABELS = 40
_MAX_LABEL_NAME = 128
_MAX_LABEL_TEXT = 256
_MAX_TEXT = 256
_LABEL_PUNCTUATION = frozenset("_.:/=+-@ ")
_FINGERPRINT_SIZE = 32
_CONTROL = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MAX_SECONDS = 315_576_000_000  # the bound of google.protobuf.Duration
_NANOS = 1_000_000_000


class Fields:
    """Collects what is wrong with a request, so that the caller learns all of it at once."""

    def __init__(self) -> None:
        self._violations: list[FieldViolation] = []

    def check(self) -> None:
        """Return if nothing was noted.

        Raises:
            FieldInvalid: With everything that was noted.
        """
        if self._violations:
            raise FieldInvalid(violations=self._violations)

    def note(self, field: str, description: str) -> None:
        """Note a field at fault."""
        self._violations.append(FieldViolation(field, description))

    def key_id(self, field: str, text: str) -> str:
        """Check a key id."""
        if not _KEY_ID.fullmatch(text):
            self.note(
                field,
                "Must be 1 to 128 characters of a-z, 0-9, '.', '_' and '-', "
                "with a letter or digit first and last.",
            )
        return text

    def request_id(self, field: str, text: str) -> str:
        """Check a request_id, which may be empty."""
        if text and not _REQUEST_ID.fullmatch(text):
            self.note(field, "Must be at most 64 printable ASCII characters without spaces.")
        return text

    def identity(self, field: str, text: str) -> str:
        """Check a typed identity, which may be empty."""
        if text and (len(text) > _MAX_IDENTITY or not _IDENTITY.fullmatch(text)):
            self.note(field, "Must be a typed identity such as 'cn:bot' or 'spiffe://…'.")
        return text

    def address(self, field: str, text: str) -> str:
        """Check an address of Ethereum's form, which may be empty; return it in lower case."""
        address = read_address(text) if text else ""
        if address is None:
            self.note(
                field,
                "Must be 0x and 40 hex digits; where capitals are mixed in, as EIP-55 has them.",
            )
        return address or ""

    def text(self, field: str, text: str) -> str:
        """Check free text of at most 256 characters without control characters."""
        if len(text) > _MAX_TEXT or any(unicodedata.category(c) in _CONTROL for c in text):
            self.note(field, "Must be at most 256 characters, none of them a control character.")
        return text

    def labels(self, field: str, labels: Mapping[str, str]) -> dict[str, str]:
        """Check labels: at most 40, in the characters of AWS tags."""
        if len(labels) > _MAX_LABELS:
            self.note(field, "There may be at most 40 labels.")
            return {}
        # Once for all labels: the answer travels in headers, which clients bound.
        if not all(0 < len(name) <= _MAX_LABEL_NAME and _tag_like(name) for name in labels):
            self.note(field, "A label's name has 1 to 128 letters, digits, spaces or _.:/=+-@.")
        if not all(len(text) <= _MAX_LABEL_TEXT and _tag_like(text) for text in labels.values()):
            self.note(field, "A label's text has up to 256 letters, digits, spaces or _.:/=+-@.")
        return dict(labels)

    def fingerprint(self, field: str, data: bytes) -> bytes:
        """Check an expected fingerprint, which may be empty."""
        if data and len(data) != _FINGERPRINT_SIZE:
            self.note(field, "Must be empty or the 32 bytes of a SHA-256.")
        return data

    def version(self, field: str, number: int) -> int:
        """Check the number of a version that must be named."""
        if not number:
            self.note(field, "Must be the number of a version, from 1.")
        return number

    def duration(
        self, field: str, duration: Duration, most: timedelta, least: timedelta = timedelta(0)
    ) -> timedelta:
        """Check a duration from ``least`` to ``most``; ``least`` where it is none."""
        within = 0 <= duration.seconds <= _MAX_SECONDS and 0 <= duration.nanos < _NANOS
        if within:
            span = timedelta(seconds=duration.seconds, microseconds=duration.nanos // 1000)
            if least <= span <= most:
                return span
        bounds = f"{int(least.total_seconds())} to {int(most.total_seconds())}"
        self.note(field, f"Must be from {bounds} seconds.")
        return least

    def choice(self, field: str, kind: type[_E], number: int) -> _E | None:
        """Check an enum that must be set; ``None`` if it is not or is unknown."""
        try:
            return kind(number)
        except ValueError:
            names = ", ".join(member.name for member in kind)
            self.note(field, f"Must be one of {names}.")
            return None

    def optional_choice(self, field: str, kind: type[_E], number: int) -> _E | None:
        """Check an enum that may be unset."""
        return self.choice(field, kind, number) if number else None


def _tag_like(text: str) -> bool:
    return all(c in _LABEL_PUNCTUATION or unicodedata.category(c)[0] in "LN" for c in text)
