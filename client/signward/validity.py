"""From when and until when a certificate holds, read without a package for it (RFC 5280, 4.1).

::

    Certificate    ::= SEQUENCE { tbsCertificate, ... }
    TBSCertificate ::= SEQUENCE { [0] version OPTIONAL, serialNumber, signature, issuer,
                                  validity SEQUENCE { notBefore, notAfter }, ... }
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime

__all__ = ["Validity", "validity_of"]

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----\s(.+?)-----END CERTIFICATE-----", re.DOTALL)
_SEQUENCE, _VERSION, _INTEGER, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x02, 0x17, 0x18
_LONG_FORM = 0x80  # of a length: the lower bits say in how many bytes
_PIVOT = 50  # two digits of a year below it are of the 21st century (4.1.2.5.1)


@dataclass(frozen=True, slots=True)
class Validity:
    """Both ends are included.

    Attributes:
        start: Seconds since the Unix epoch.
        end: Seconds since the Unix epoch.
    """

    start: float
    end: float


def validity_of(pem: bytes) -> Validity:
    """Return the validity of the first certificate in PEM.

    Raises:
        ValueError: There is none, or it is malformed.
    """
    found = _PEM.search(pem)
    if found is None:
        raise ValueError("no certificate")
    reader = _Reader(base64.b64decode(found[1]))
    reader.enter(_SEQUENCE)
    reader.enter(_SEQUENCE)
    if reader.tag == _VERSION:
        reader.take(_VERSION)
    for tag in (_INTEGER, _SEQUENCE, _SEQUENCE):
        reader.take(tag)
    reader.enter(_SEQUENCE)
    return Validity(reader.time(), reader.time())


class _Reader:
    """Goes through DER (X.690) from front to back."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def tag(self) -> int:
        """Tag of what comes next."""
        if self._at >= len(self._data):
            raise ValueError("ends too early")
        return self._data[self._at]

    def enter(self, tag: int) -> None:
        """Go on with the content of what comes next."""
        self._at = self._content(tag)[0]

    def take(self, tag: int) -> bytes:
        """Return the content of what comes next, and go on after it."""
        start, end = self._content(tag)
        self._at = end
        return self._data[start:end]

    def time(self) -> float:
        """Return the time that comes next, in seconds since the epoch."""
        is_short = self.tag == _UTC_TIME
        text = self.take(_UTC_TIME if is_short else _GENERALIZED_TIME).decode("ascii")
        if is_short:
            text = f"{'20' if int(text[:2]) < _PIVOT else '19'}{text}"
        return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()

    def _content(self, tag: int) -> tuple[int, int]:
        if self.tag != tag:
            raise ValueError("something else stands there")
        at = self._at + 2
        size = int.from_bytes(self._data[at - 1 : at])
        if size >= _LONG_FORM:
            begin, at = at, at + size - _LONG_FORM
            size = int.from_bytes(self._data[begin:at])
        if at + size > len(self._data):
            raise ValueError("ends too early")
        return at, at + size
